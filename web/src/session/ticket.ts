// A ticket is the right to be in one class from this tab: kept in sessionStorage,
// so that a reload comes back and another tab starts afresh.

import type { Joined, JoinRequest } from '../api/requests'
import { randomKey } from './device'
import type { Door } from './doors'
import { isRecord, readJSON, textOf, thisTab, writeJSON, type Store } from './storage'

export interface Ticket {
  /** Names the class in this page's address: /k/KEY. */
  readonly key: string
  readonly token: string
  readonly title: string
  readonly teacher: boolean
  /** Known to have to wait in the lobby. */
  readonly lobby: boolean
}

export function ticketOf(joined: Joined): Ticket {
  const { class: key, token, title, role, lobby } = joined
  return { key, token, title, teacher: role === 'teacher', lobby: lobby && role === 'pupil' }
}

/**
 * A ticket without an exchange before, which on a thin link takes two seconds: the sockets take in a
 * token's place what the exchange would be asked, with something random: one visit, one pass.
 */
export function ticketByPass(wanted: JoinRequest, door: Door): Ticket {
  const bytes = new TextEncoder().encode(JSON.stringify({ ...wanted, visit: randomKey() }))
  const binary = Array.from(bytes, (b) => String.fromCharCode(b)).join('')
  const text = btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  const { class: key, title, lobby } = door
  return { key, token: `pass.${text}`, title, teacher: false, lobby }
}

/**
 * A ticket out of a full access token (`/join#t=…`). Nothing is verified here: the
 * server does; the page only wants to know which class it names. Undefined: no token.
 */
export function ticketOfToken(token: string): Ticket | undefined {
  const claims = payload(token)
  const grant = isRecord(claims?.['video']) ? claims['video'] : {}
  const attributes = isRecord(claims?.['attributes']) ? claims['attributes'] : {}
  const room = textOf(grant['room'])
  if (!claims || !room || !textOf(claims['sub'])) return undefined
  const teacher = attributes['role'] === 'teacher' || grant['roomAdmin'] === true
  return { key: room, token, title: '', teacher, lobby: false }
}

/** A JWT's payload (RFC 7519 §3), unverified. */
export function payload(token: string): Record<string, unknown> | undefined {
  const part = token.split('.')[1]
  if (!part) return undefined
  try {
    const binary = atob(part.replace(/-/g, '+').replace(/_/g, '/'))
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isRecord(claims) ? claims : undefined
  } catch {
    return undefined
  }
}

const slot = (key: string) => `preau.ticket.${key}`

export function keepTicket(ticket: Ticket, store: () => Store = thisTab): void {
  writeJSON(store, slot(ticket.key), ticket)
}

export function findTicket(key: string, store: () => Store = thisTab): Ticket | undefined {
  const found = readJSON(store, slot(key))
  if (!isRecord(found) || !textOf(found['token'])) return undefined
  return {
    key,
    token: textOf(found['token']),
    title: textOf(found['title']),
    teacher: found['teacher'] === true,
    lobby: found['lobby'] === true,
  }
}

export function dropTicket(key: string, store: () => Store = thisTab): void {
  writeJSON(store, slot(key), undefined)
}
