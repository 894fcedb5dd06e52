// The reducer: what an event makes of a view of the class. The same as the server's
// Apply, held so by the golden logs in signaling/class/testdata. Pure: a state is
// never changed, a new one shares what stayed the same with the old, so that what
// is derived from an untouched part need not be derived again.

import { create } from '@bufbuild/protobuf'
import {
  LeaveReason,
  LocksSchema,
  ParticipantSchema,
  Phase,
  Presence,
  StateSchema,
  type Event,
  type Joined,
  type Left,
  type Opened,
  type Participant,
  type State,
  type Track,
  type TrackMuted,
  type Waited,
} from '../gen/class_pb'
import { deleteChat, forgetChat, keepChat } from './reduce-chat'

export function emptyState(): State {
  return create(StateSchema)
}

/** Whether this page knows what the event does. A page that does not is too old: it reloads itself. */
export function knows(event: Event): boolean {
  return event.body.case !== undefined
}

/**
 * The state after the event. Numbers withheld from this view leave gaps, so any
 * greater number follows; one that is not greater was applied before and changes nothing.
 */
export function apply(state: State, event: Event): State {
  if (event.seq <= state.seq) return state
  return { ...state, ...changes(state, event), seq: event.seq }
}

type Changes = Partial<State>

function changes(s: State, event: Event): Changes {
  const { body } = event
  switch (body.case) {
    case 'opened':
      return opened(event, body.value)
    case 'ended':
      return ended(s, event)
    case 'locksSet':
      return { locks: body.value.locks ?? create(LocksSchema) }
    case 'lobbySet':
      return { lobby: body.value.lobby }
    case 'titleSet':
      return { title: body.value.title }
    case 'metadataSet':
      return { metadata: body.value.metadata }
    case 'spotlightSet':
      return { spotlight: body.value.participant }
    case 'chatSent':
      return body.value.message ? { chat: keepChat(s.chat, body.value.message) } : {}
    case 'chatDeleted':
      return { chat: deleteChat(s.chat, body.value.id) }
    case 'chatForgotten':
      return { chat: forgetChat(s.chat, body.value.ids) }
    default:
      return personChanges(s, event) ?? handChanges(s, event) ?? trackChanges(s, event) ?? {}
  }
}

function opened(event: Event, o: Opened): Changes {
  return {
    session: event.session,
    tenant: o.tenant,
    name: o.name,
    phase: Phase.OPEN,
    title: o.title,
    code: o.code,
    openedMs: event.timeMs,
    locks: o.locks ?? create(LocksSchema),
    lobby: o.lobby,
    metadata: o.metadata,
    maxParticipants: o.maxParticipants,
    emptyTimeoutS: o.emptyTimeoutS,
    departureTimeoutS: o.departureTimeoutS,
  }
}

/** Everyone is gone with it. */
function ended(s: State, event: Event): Changes {
  const people = Object.entries(s.participants).map(([id, p]) => [id, dismissed(p)] as const)
  return {
    phase: Phase.ENDED,
    endedMs: event.timeMs,
    participants: Object.fromEntries(people),
    tracks: {},
    hands: [],
    word: [],
    spotlight: '',
  }
}

function dismissed(p: Participant): Participant {
  if (p.presence === Presence.UNSPECIFIED || p.presence === Presence.GONE) return p
  return { ...p, presence: Presence.GONE, left: LeaveReason.ENDED }
}

function personChanges(s: State, event: Event): Changes | undefined {
  const { body } = event
  switch (body.case) {
    case 'profileSet':
      return record(s, body.value.participant, (p) => ({
        profile: body.value.profile,
        introduced: p.introduced || event.audience === undefined,
      }))
    case 'waited':
      return record(s, body.value.participant, () => waited(body.value))
    case 'joined':
      return record(s, body.value.participant, (p) => joined(p, event, body.value))
    case 'away':
      return person(s, body.value.participant, { presence: Presence.AWAY })
    case 'back':
      return person(s, body.value.participant, { presence: Presence.PRESENT })
    case 'left':
      return left(s, body.value)
    case 'withdrawn':
      return withdrawn(s, body.value.participant)
    case 'forgotten':
      return forgotten(s, body.value.participants)
    case 'unbanned':
      return person(s, body.value.participant, { banned: false })
    case 'roleSet':
      return person(s, body.value.participant, { role: body.value.role })
    case 'permissionsSet':
      return person(s, body.value.participant, { permissions: body.value.permissions })
    case 'sidSet':
      return person(s, body.value.participant, { sid: body.value.sid })
    case 'mediaConnected':
      return person(s, body.value.participant, { connectedSid: body.value.sid })
    case 'forwarded':
      return person(s, body.value.participant, { forwardedSid: body.value.sid })
    default:
      return undefined
  }
}

/** Changes a participant, who becomes known if they were not. */
function record(s: State, id: string, change: (p: Participant) => Partial<Participant>): Changes {
  const before = s.participants[id] ?? create(ParticipantSchema, { id })
  return { participants: { ...s.participants, [id]: { ...before, ...change(before) } } }
}

/** Changes a participant who is known. */
function person(s: State, id: string, change: Partial<Participant>): Changes {
  return s.participants[id] ? record(s, id, () => change) : {}
}

function waited({ role, tokenRole, permissions, foreign, knocks }: Waited): Partial<Participant> {
  return {
    role,
    tokenRole,
    permissions,
    foreign,
    knocks,
    sid: '',
    presence: Presence.WAITING,
    left: LeaveReason.UNSPECIFIED,
  }
}

function joined(p: Participant, event: Event, j: Joined): Partial<Participant> {
  const first = p.order === 0n
  return {
    role: j.role,
    tokenRole: j.tokenRole,
    permissions: j.permissions,
    sid: j.sid,
    connectedSid: j.connectedSid,
    forwardedSid: j.forwardedSid,
    foreign: j.foreign,
    presence: Presence.PRESENT,
    left: LeaveReason.UNSPECIFIED,
    admitted: true,
    banned: false,
    knocks: false,
    order: first ? event.seq : p.order,
    joinedMs: first ? event.timeMs : p.joinedMs,
  }
}

function left(s: State, { participant: id, reason }: Left): Changes {
  const banned = reason === LeaveReason.BANNED || s.participants[id]?.banned === true
  return { ...vacated(s, id), ...person(s, id, { presence: Presence.GONE, left: reason, banned }) }
}

/** As if never here. */
function withdrawn(s: State, id: string): Changes {
  const people = Object.entries(s.participants).filter(([key]) => key !== id)
  return { ...vacated(s, id), participants: Object.fromEntries(people) }
}

/** As if they had never come to the door. */
function forgotten(s: State, ids: string[]): Changes {
  const them = new Set(ids)
  const people = Object.entries(s.participants).filter(([id]) => !them.has(id))
  return { participants: Object.fromEntries(people) }
}

/** With who leaves go their hand, their word, the spotlight on them and their tracks. */
function vacated(s: State, id: string): Changes {
  return {
    hands: without(s.hands, id),
    word: without(s.word, id),
    spotlight: s.spotlight === id ? '' : s.spotlight,
    tracks: tracksWhere(s.tracks, (t) => t.participant !== id),
  }
}

function handChanges(s: State, { body }: Event): Changes | undefined {
  switch (body.case) {
    case 'handRaised':
      return { hands: last(s.hands, body.value.participant) }
    case 'handLowered':
      return { hands: without(s.hands, body.value.participant) }
    case 'handsLowered':
      return { hands: [] }
    case 'wordGiven': {
      const id = body.value.participant
      return { hands: without(s.hands, id), word: last(s.word, id) }
    }
    case 'wordTaken':
      return { word: without(s.word, body.value.participant) }
    default:
      return undefined
  }
}

function trackChanges(s: State, { body }: Event): Changes | undefined {
  switch (body.case) {
    case 'trackPublished': {
      const { track } = body.value
      return track ? { tracks: { ...s.tracks, [track.sid]: track } } : {}
    }
    case 'trackUnpublished': {
      const { sid } = body.value
      return { tracks: tracksWhere(s.tracks, (t) => t.sid !== sid) }
    }
    case 'trackMuted':
      return { tracks: muted(s.tracks, body.value) }
    default:
      return undefined
  }
}

function muted(tracks: State['tracks'], m: TrackMuted): State['tracks'] {
  const track = tracks[m.sid]
  if (!track) return tracks
  const after: Track = { ...track, muted: m.muted, mutedByTeacher: m.muted && m.byTeacher }
  return { ...tracks, [m.sid]: after }
}

function tracksWhere(tracks: State['tracks'], keep: (t: Track) => boolean): State['tracks'] {
  const all = Object.entries(tracks)
  const kept = all.filter(([, t]) => keep(t))
  return kept.length === all.length ? tracks : Object.fromEntries(kept)
}

function last(ids: string[], id: string): string[] {
  return [...without(ids, id), id]
}

function without(ids: string[], id: string): string[] {
  return ids.includes(id) ? ids.filter((x) => x !== id) : ids
}
