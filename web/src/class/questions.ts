// Questions that the page asks of its view of the class. Pure: state in, answer
// out. The server enforces; the answers here only decide what to offer.

import {
  Presence,
  Role,
  Source,
  Switch,
  type Participant,
  type State,
  type Track,
} from '../gen/class_pb'

export type Capture = 'microphone' | 'camera' | 'screen'

export function isHere(p: Participant | undefined): boolean {
  return p?.presence === Presence.PRESENT || p?.presence === Presence.AWAY
}

/** Observers and recordings are not shown among the people. */
export function isHidden(p: Participant): boolean {
  return p.role === Role.OBSERVER || p.role === Role.RECORDER
}

export function isTeacher(s: State, id: string): boolean {
  const p = s.participants[id]
  return p?.role === Role.TEACHER && isHere(p)
}

export function isWaiting(s: State, id: string): boolean {
  return s.participants[id]?.presence === Presence.WAITING
}

/**
 * May this person publish it now? A switch of one's own beats the class's lock,
 * the word beats the microphone's, and teachers are never locked.
 */
export function may(s: State, id: string, what: Capture): boolean {
  const p = s.participants[id]
  if (!p || !isHere(p) || p.role === Role.UNSPECIFIED || isHidden(p)) return false
  if (what === 'microphone' && s.word.includes(id)) return true
  const locked = what === 'screen' && p.role === Role.PRESENTER ? false : s.locks?.[what]
  return allowed(p, p.permissions?.[what], locked)
}

/** May this person switch a muted microphone on again? */
export function mayUnmute(s: State, id: string): boolean {
  const p = s.participants[id]
  if (!p || !may(s, id, 'microphone')) return false
  return s.word.includes(id) || allowed(p, p.permissions?.microphone, s.locks?.unmute)
}

export function mayChat(s: State, id: string): boolean {
  const p = s.participants[id]
  if (!p || !isHere(p) || isHidden(p)) return false
  return allowed(p, p.permissions?.chat, s.locks?.chat)
}

/** May one write to the other privately? Pupils whose private chat is locked still reach a teacher. */
export function mayWriteTo(s: State, from: string, to: string): boolean {
  const other = s.participants[to]
  if (from === to || !mayChat(s, from) || !other || !isHere(other)) return false
  if (isTeacher(s, from)) return true
  return !isHidden(other) && (other.role === Role.TEACHER || s.locks?.privateChat !== true)
}

/** Teachers are never locked, except by what a foreign token withholds. */
function allowed(p: Participant, own: Switch | undefined, locked: boolean | undefined): boolean {
  if (own === Switch.ALLOWED) return true
  if (p.role === Role.TEACHER) return !p.foreign || own !== Switch.DENIED
  return own !== Switch.DENIED && locked !== true
}

const rank: Partial<Record<Role, number>> = { [Role.TEACHER]: 0, [Role.PRESENTER]: 1 }

/** Teachers, then presenters, then the others, each in the order they came: nobody jumps. */
function byRank(a: Participant, b: Participant): number {
  return (
    (rank[a.role] ?? 2) - (rank[b.role] ?? 2) || Number(a.order - b.order) || compare(a.id, b.id)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function select(s: State, which: (p: Participant) => boolean): Participant[] {
  return Object.values(s.participants).filter(which).sort(byRank)
}

export function presentPeople(s: State): Participant[] {
  return select(s, (p) => isHere(p) && !isHidden(p))
}

export function hiddenPeople(s: State): Participant[] {
  return select(s, (p) => isHere(p) && isHidden(p))
}

/** Who waits in the lobby. For a waiting reader that is at most themself. */
export function lobbyPeople(s: State): Participant[] {
  return select(s, (p) => p.presence === Presence.WAITING)
}

export function bannedPeople(s: State): Participant[] {
  return select(s, (p) => p.banned)
}

export function handsInOrder(s: State): Participant[] {
  return s.hands.flatMap((id) => s.participants[id] ?? [])
}

/** Place in the queue from 1; 0: not raised. */
export function placeInQueue(s: State, id: string): number {
  return s.hands.indexOf(id) + 1
}

export function isRecorded(s: State): boolean {
  return Object.values(s.participants).some((p) => p.role === Role.RECORDER && isHere(p))
}

export function tracksOf(s: State, id: string, source: Source): Track[] {
  return Object.values(s.tracks).filter((t) => t.participant === id && t.source === source)
}

export function microphoneOf(s: State, id: string): 'on' | 'off' {
  return tracksOf(s, id, Source.MICROPHONE).some((t) => !t.muted) ? 'on' : 'off'
}

/** Messages of others after a time, by the server's clock. */
export function unreadCount(s: State, me: string, readMs: bigint): number {
  return s.chat.filter((m) => m.timeMs > readMs && m.from !== me && !m.deleted).length
}

/** The time of the latest message; 0 without any. */
export function lastMessageMs(s: State): bigint {
  return s.chat.at(-1)?.timeMs ?? 0n
}

export function nameOf(s: State, id: string): string {
  return s.participants[id]?.profile?.name ?? ''
}

export function idOfIdentity(s: State, identity: string): string | undefined {
  return Object.values(s.participants).find((p) => p.profile?.identity === identity)?.id
}

/** Ids of whose microphone is open. */
export function openMicrophones(s: State): Set<string> {
  const open = Object.values(s.tracks).filter((t) => t.source === Source.MICROPHONE && !t.muted)
  return new Set(open.map((t) => t.participant))
}

export function whoHasTheWord(s: State): Set<string> {
  return new Set(s.word)
}
