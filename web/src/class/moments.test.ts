import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  ChatSentSchema,
  HandLoweredSchema,
  HandRaisedSchema,
  HandsLoweredSchema,
  JoinedSchema,
  Presence,
  ProfileSetSchema,
  Role,
  StateSchema,
  TrackMutedSchema,
  WaitedSchema,
  WordGivenSchema,
  type Event,
  type State,
} from '../gen/class_pb'
import { event } from './fake-server.test-support'
import { momentsOf } from './moments'
import { apply } from './reduce'

const me = 'A'
const before = create(StateSchema, {
  session: 'RM_1',
  seq: 10n,
  hands: ['A'],
  participants: {
    T: { id: 'T', role: Role.TEACHER, presence: Presence.PRESENT },
    A: { id: 'A', role: Role.PUPIL, presence: Presence.PRESENT },
    O: { id: 'O', role: Role.OBSERVER, presence: Presence.GONE },
  },
  tracks: { TR_1: { sid: 'TR_1', participant: 'A' } },
})

/** What is told of an event by the teacher, unless said otherwise. */
function told(body: Event['body'], actor = 'T', from: State = before) {
  const e = { ...event(11n, body), actor }
  return momentsOf(me, from, apply(from, e), [e])
}

describe('moments', () => {
  it('tell of others', () => {
    const join = create(JoinedSchema, { participant: 'L', role: Role.PUPIL })
    expect(told({ case: 'joined', value: join })).toEqual([{ kind: 'joined', participant: 'L' }])
    const wait = create(WaitedSchema, { participant: 'L', role: Role.PUPIL })
    expect(told({ case: 'waited', value: wait })).toEqual([{ kind: 'knock', participant: 'L' }])
    const raise = create(HandRaisedSchema, { participant: 'T' })
    expect(told({ case: 'handRaised', value: raise })).toEqual([
      { kind: 'hand-raised', participant: 'T' },
    ])
  })

  it('are silent about observers and about names', () => {
    const join = create(JoinedSchema, { participant: 'O', role: Role.OBSERVER })
    expect(told({ case: 'joined', value: join })).toEqual([])
    expect(
      told({ case: 'profileSet', value: create(ProfileSetSchema, { participant: 'T' }) }),
    ).toEqual([])
  })

  it('tell what others did to oneself, not what one did', () => {
    const lower = create(HandLoweredSchema, { participant: 'A' })
    expect(told({ case: 'handLowered', value: lower })).toEqual([{ kind: 'my-hand-lowered' }])
    expect(told({ case: 'handLowered', value: lower }, 'A')).toEqual([])
    const all = { case: 'handsLowered', value: create(HandsLoweredSchema) } as const
    expect(told(all)).toEqual([{ kind: 'my-hand-lowered' }])
    const muted = create(TrackMutedSchema, { sid: 'TR_1', muted: true, byTeacher: true })
    expect(told({ case: 'trackMuted', value: muted })).toEqual([{ kind: 'muted-by-teacher' }])
    const word = create(WordGivenSchema, { participant: 'A' })
    expect(told({ case: 'wordGiven', value: word })).toEqual([{ kind: 'word-given' }])
  })

  it('tell of messages of others', () => {
    const sent = (from: string) =>
      create(ChatSentSchema, { message: { id: 'CM_1', from, text: 'hi' } })
    expect(told({ case: 'chatSent', value: sent('T') })).toMatchObject([{ kind: 'chat' }])
    expect(told({ case: 'chatSent', value: sent('A') }, 'A')).toEqual([])
  })

  it('tell that one was let in, and of a new role, from snapshots too', () => {
    const as = (presence: Presence, role: Role) =>
      create(StateSchema, { session: 'RM_1', participants: { A: { id: 'A', presence, role } } })
    const waiting = as(Presence.WAITING, Role.PUPIL)
    const pupil = as(Presence.PRESENT, Role.PUPIL)
    expect(momentsOf(me, waiting, pupil, [])).toEqual([{ kind: 'admitted' }])
    expect(momentsOf(me, pupil, as(Presence.PRESENT, Role.TEACHER), [])).toEqual([
      { kind: 'role-changed', role: Role.TEACHER },
    ])
    expect(momentsOf(me, create(StateSchema), pupil, [])).toEqual([])
  })
})
