// The server's JSON API: what the page needs before it is in a class.

import { ApiError } from './errors'

export interface ServerConfig {
  readonly version: string
  /** Anybody may open a class from the landing page. */
  readonly openClasses: boolean
  readonly dev: boolean
}

export interface OpenedClass {
  readonly class: string
  readonly title: string
  /** A teacher's invite: exchange it with join(). */
  readonly invite: string
}

export interface FoundClass {
  readonly title: string
  readonly lobby: boolean
}

export type Entry = { readonly code: string } | { readonly invite: string }

export type JoinRequest = Entry & { readonly name: string; readonly device: string }

export type RoleName = 'teacher' | 'presenter' | 'pupil' | 'observer' | 'recorder'

export interface Joined {
  readonly token: string
  readonly class: string
  readonly title: string
  readonly role: RoleName
  readonly identity: string
  readonly lobby: boolean
}

export function getConfig(signal?: AbortSignal): Promise<ServerConfig> {
  signal
  return Promise.reject(new ApiError('unavailable', 'soon', 0))
}

export function openClass(title: string, lobby: boolean): Promise<OpenedClass> {
  [title, lobby]
  return Promise.reject(new ApiError('unavailable', 'soon', 0))
}

export function lookUpCode(code: string, signal?: AbortSignal): Promise<FoundClass> {
  [code, signal]
  return Promise.reject(new ApiError('unavailable', 'soon', 0))
}

export function join(request: JoinRequest): Promise<Joined> {
  request
  return Promise.reject(new ApiError('unavailable', 'soon', 0))
}
