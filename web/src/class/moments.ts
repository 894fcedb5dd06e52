// What is worth a word or a sound as it happens, read off the events. Pure.
// A snapshot yields nothing: what happened while one was away is not news.

import type { Role } from '../gen/class_pb'
import { Presence, type ChatMessage, type Event, type State } from '../gen/class_pb'
import { isHidden } from './questions'

/** Things a teacher's or pupil's page may say aloud or sound, once, as they happen. */
export type Moment =
  | { readonly kind: 'hand-raised'; readonly participant: string }
  | { readonly kind: 'knock'; readonly participant: string }
  | { readonly kind: 'joined'; readonly participant: string }
  | { readonly kind: 'left'; readonly participant: string }
  | { readonly kind: 'chat'; readonly message: ChatMessage }
  | { readonly kind: 'muted-by-teacher' }
  | { readonly kind: 'admitted' }
  | { readonly kind: 'word-given' }
  | { readonly kind: 'word-taken' }
  | { readonly kind: 'my-hand-lowered' } // by somebody else
  | { readonly kind: 'role-changed'; readonly role: Role }
  | { readonly kind: 'unmute-asked' }
  | { readonly kind: 'ended' }

export function momentsOf(
  me: string,
  before: State,
  after: State,
  events: readonly Event[],
): Moment[] {
  const own = transitions(me, before, after)
  return [...own, ...events.flatMap((e) => momentOf(me, before, after, e) ?? [])]
}

/** What changed for oneself, seen in the states: these come with snapshots too. */
function transitions(me: string, before: State, after: State): Moment[] {
  const was = before.participants[me]
  const is = after.participants[me]
  if (!was || !is || before.session !== after.session) return []
  if (was.presence === Presence.WAITING) {
    return is.presence === Presence.PRESENT ? [{ kind: 'admitted' }] : []
  }
  return was.role === is.role ? [] : [{ kind: 'role-changed', role: is.role }]
}

function momentOf(me: string, before: State, after: State, e: Event): Moment | undefined {
  const { body } = e
  switch (body.case) {
    case 'ended':
      return { kind: 'ended' }
    case 'chatSent':
      return body.value.message && body.value.message.from !== me
        ? { kind: 'chat', message: body.value.message }
        : undefined
    case 'trackMuted':
      return body.value.muted &&
        body.value.byTeacher &&
        isMine(me, after, body.value.sid) &&
        e.actor !== me
        ? { kind: 'muted-by-teacher' }
        : undefined
    case 'handsLowered':
      return before.hands.includes(me) && e.actor !== me ? { kind: 'my-hand-lowered' } : undefined
    case 'waited':
    case 'joined':
    case 'left':
    case 'handRaised':
    case 'handLowered':
    case 'wordGiven':
    case 'wordTaken':
      return ofPerson(me, before, after, e.actor, body.case, body.value.participant)
    default:
      return undefined
  }
}

type PersonCase =
  'waited' | 'joined' | 'left' | 'handRaised' | 'handLowered' | 'wordGiven' | 'wordTaken'

function ofPerson(
  me: string,
  before: State,
  after: State,
  actor: string,
  what: PersonCase,
  participant: string,
): Moment | undefined {
  if (participant === me) return ofMe(me, actor, what)
  const person = after.participants[participant] ?? before.participants[participant]
  if (!person || isHidden(person)) return undefined
  switch (what) {
    case 'waited':
      return { kind: 'knock', participant }
    case 'joined':
      return { kind: 'joined', participant }
    case 'left':
      return { kind: 'left', participant }
    case 'handRaised':
      return { kind: 'hand-raised', participant }
    default:
      return undefined
  }
}

function ofMe(me: string, actor: string, what: PersonCase): Moment | undefined {
  if (what === 'wordGiven') return { kind: 'word-given' }
  if (what === 'wordTaken') return { kind: 'word-taken' }
  if (what === 'handLowered' && actor !== me) return { kind: 'my-hand-lowered' }
  return undefined
}

function isMine(me: string, s: State, sid: string): boolean {
  return s.tracks[sid]?.participant === me
}
