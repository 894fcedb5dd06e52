// The server's JSON API: what the page needs before it is in a class.
// Every function rejects with an ApiError, or with the signal's AbortError.

import { ApiError } from './errors'
import { request, type Fields } from './transport'

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
  /** Names the class in addresses of this page. */
  readonly class: string
  readonly title: string
  /** Pupils wait until a teacher lets them in. */
  readonly lobby: boolean
}

export type Entry = { readonly code: string } | { readonly invite: string }

/** device: see session/device.ts */
export type JoinRequest = Entry & { readonly name: string; readonly device: string }

export const roleNames = ['teacher', 'presenter', 'pupil', 'observer', 'recorder'] as const
export type RoleName = (typeof roleNames)[number]

export interface Joined {
  readonly token: string
  readonly class: string
  readonly title: string
  readonly role: RoleName
  readonly identity: string
  readonly lobby: boolean
}

export async function getConfig(signal?: AbortSignal): Promise<ServerConfig> {
  const got = await request('GET', '/api/config', undefined, signal)
  return {
    version: got.text('version'),
    openClasses: got.flag('openClasses'),
    dev: got.flag('dev'),
  }
}

export async function openClass(title: string, lobby: boolean): Promise<OpenedClass> {
  const got = await request('POST', '/api/classes', { title, lobby })
  return { class: got.need('class'), title: got.text('title'), invite: got.need('invite') }
}

/** Rejects with code not_found when no open class has this code. */
export async function lookUpCode(code: string, signal?: AbortSignal): Promise<FoundClass> {
  const got = await request('GET', `/api/codes/${encodeURIComponent(code)}`, undefined, signal)
  return { class: got.text('class'), title: got.text('title'), lobby: got.flag('lobby') }
}

export async function join(wanted: JoinRequest, signal?: AbortSignal): Promise<Joined> {
  const got = await request('POST', '/api/join', { ...wanted }, signal)
  return {
    token: got.need('token'),
    class: got.need('class'),
    title: got.text('title'),
    role: roleOf(got),
    identity: got.text('identity'),
    lobby: got.flag('lobby'),
  }
}

function roleOf(got: Fields): RoleName {
  const name = got.need('role')
  const role = roleNames.find((r) => r === name)
  if (!role) throw new ApiError('internal', `unknown role ${name}`, 200)
  return role
}
