import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  ParticipantSchema,
  Presence,
  Role,
  Source,
  StateSchema,
  Switch,
  TrackKind,
  TrackPublishedSchema,
  TrackUnpublishedSchema,
  type State,
} from '../gen/class_pb'
import { event } from './fake-server.test-support'
import * as q from './questions'
import { apply } from './reduce'
import { stageOf } from './stage'

type Person = MessageInitShape<typeof ParticipantSchema> & { readonly id: string }

const teacher: Person = { id: 'T', role: Role.TEACHER, presence: Presence.PRESENT, order: 1n }
const amina: Person = { id: 'A', role: Role.PUPIL, presence: Presence.PRESENT, order: 2n }
const leo: Person = { id: 'L', role: Role.PUPIL, presence: Presence.AWAY, order: 3n }
const nora: Person = { id: 'N', role: Role.PUPIL, presence: Presence.WAITING }
const guest: Person = { id: 'G', role: Role.PRESENTER, presence: Presence.PRESENT, order: 9n }
const inspector: Person = { id: 'O', role: Role.OBSERVER, presence: Presence.PRESENT, order: 4n }

function classOf(people: Person[], rest: MessageInitShape<typeof StateSchema> = {}): State {
  const participants = Object.fromEntries(people.map((p) => [p.id, create(ParticipantSchema, p)]))
  return create(StateSchema, { ...rest, participants })
}

const track = (sid: string, participant: string, source: Source, muted = false, order = 0n) => ({
  [sid]: { sid, participant, source, muted, order, kind: TrackKind.VIDEO },
})

describe('people', () => {
  const s = classOf([leo, guest, nora, inspector, amina, teacher])

  it('stand in rank and order of coming, whoever hides and waits apart', () => {
    expect(q.presentPeople(s).map((p) => p.id)).toEqual(['T', 'G', 'A', 'L'])
    expect(q.hiddenPeople(s).map((p) => p.id)).toEqual(['O'])
    expect(q.lobbyPeople(s).map((p) => p.id)).toEqual(['N'])
  })

  it('are teachers only while they are here', () => {
    expect(q.isTeacher(s, 'T')).toBe(true)
    expect(q.isTeacher(s, 'A')).toBe(false)
    expect(q.isTeacher(classOf([{ ...teacher, presence: Presence.GONE }]), 'T')).toBe(false)
  })

  it('raise hands in order', () => {
    const asked = classOf([teacher, amina, leo], { hands: ['L', 'A'] })
    expect(q.handsInOrder(asked).map((p) => p.id)).toEqual(['L', 'A'])
    expect(q.placeInQueue(asked, 'A')).toBe(2)
    expect(q.placeInQueue(asked, 'T')).toBe(0)
  })
})

describe('may', () => {
  const locks = { microphone: true, screen: true, unmute: true }
  const denied = { permissions: { microphone: Switch.DENIED } }
  const allowed = { permissions: { microphone: Switch.ALLOWED } }

  it.each<[string, Person, MessageInitShape<typeof StateSchema>, q.Capture, boolean]>([
    ['a pupil, no lock', amina, {}, 'microphone', true],
    ['a pupil, locked', amina, { locks }, 'microphone', false],
    ['a pupil, locked, but allowed', { ...amina, ...allowed }, { locks }, 'microphone', true],
    ['a pupil, denied', { ...amina, ...denied }, {}, 'microphone', false],
    ['a pupil given the word', amina, { locks, word: ['A'] }, 'microphone', true],
    ['the word opens no screen', amina, { locks, word: ['A'] }, 'screen', false],
    ['a presenter shares', guest, { locks }, 'screen', true],
    ['a presenter is a pupil otherwise', guest, { locks }, 'microphone', false],
    ['a teacher', teacher, { locks }, 'screen', true],
    [
      'a foreign teacher without it',
      { ...teacher, ...denied, foreign: true },
      {},
      'microphone',
      false,
    ],
    ['an observer', inspector, {}, 'camera', false],
    ['who waits', nora, {}, 'camera', false],
    ['who is not known', { id: 'X' }, {}, 'camera', false],
  ])('%s', (_, person, rest, what, expected) => {
    expect(q.may(classOf([person], rest), person.id, what)).toBe(expected)
  })

  it('not unmute while pupils may not, but with the word', () => {
    const unmute = { locks: { unmute: true } }
    expect(q.mayUnmute(classOf([amina], unmute), 'A')).toBe(false)
    expect(q.mayUnmute(classOf([amina], { ...unmute, word: ['A'] }), 'A')).toBe(true)
    expect(q.mayUnmute(classOf([teacher], unmute), 'T')).toBe(true)
  })
})

describe('chat', () => {
  const everybody = [teacher, amina, leo, nora, inspector]
  it('is for who is in the class', () => {
    const s = classOf(everybody)
    expect(q.mayChat(s, 'A')).toBe(true)
    expect(q.mayChat(s, 'N')).toBe(false)
    expect(q.mayChat(s, 'O')).toBe(false)
  })

  it('locked, is for teachers', () => {
    const s = classOf(everybody, { locks: { chat: true } })
    expect([q.mayChat(s, 'A'), q.mayChat(s, 'T')]).toEqual([false, true])
  })

  it('in private reaches a teacher even when locked', () => {
    const s = classOf(everybody, { locks: { privateChat: true } })
    expect(q.mayWriteTo(s, 'A', 'L')).toBe(false)
    expect(q.mayWriteTo(s, 'A', 'T')).toBe(true)
    expect(q.mayWriteTo(s, 'T', 'A')).toBe(true)
    expect(q.mayWriteTo(s, 'A', 'A')).toBe(false)
    expect(q.mayWriteTo(s, 'A', 'N')).toBe(false)
    expect(q.mayWriteTo(classOf(everybody), 'A', 'O')).toBe(false)
  })

  it('counts what others wrote since one read', () => {
    const chat = [
      { id: '1', from: 'T', timeMs: 10n },
      { id: '2', from: 'A', timeMs: 20n },
      { id: '3', from: 'T', timeMs: 30n, deleted: true },
      { id: '4', from: 'L', timeMs: 40n },
    ]
    const s = classOf(everybody, { chat })
    expect(q.unreadCount(s, 'A', 10n)).toBe(1)
    expect(q.unreadCount(s, 'A', q.lastMessageMs(s))).toBe(0)
  })
})

describe('the stage', () => {
  it('is empty without a teacher', () => {
    expect(stageOf(classOf([amina]))).toEqual({ kind: 'empty' })
  })

  it("is the first teacher's", () => {
    const second = { ...teacher, id: 'T2', order: 7n }
    expect(stageOf(classOf([second, teacher]))).toEqual({ kind: 'person', participant: 'T' })
  })

  it('is whom the spotlight is on, while they are here', () => {
    const lit = { spotlight: 'A' }
    expect(stageOf(classOf([teacher, amina], lit))).toEqual({ kind: 'person', participant: 'A' })
    const gone = { ...amina, presence: Presence.GONE }
    expect(stageOf(classOf([teacher, gone], lit))).toEqual({ kind: 'person', participant: 'T' })
  })

  it("is a shared screen before all, a teacher's before others'", () => {
    const tracks = {
      ...track('TR_1', 'A', Source.SCREEN),
      ...track('TR_2', 'T', Source.SCREEN),
      ...track('TR_3', 'A', Source.CAMERA),
    }
    const s = classOf([teacher, amina], { tracks, spotlight: 'L' })
    expect(stageOf(s)).toEqual({ kind: 'screen', participant: 'T' })
  })

  it('is the latest of two teachers’ screens, and the other’s again when that ends', () => {
    const second = { ...teacher, id: 'T2', order: 7n }
    const shares = (seq: bigint, sid: string, participant: string, order = seq) =>
      event(seq, {
        case: 'trackPublished',
        value: create(TrackPublishedSchema, {
          track: { sid, participant, order, source: Source.SCREEN, kind: TrackKind.VIDEO },
        }),
      })
    const both = [shares(1n, 'TR_Z', 'T'), shares(2n, 'TR_A', 'T2')]
    const s = both.reduce(apply, classOf([teacher, second]))
    expect(stageOf(s)).toEqual({ kind: 'screen', participant: 'T2' })
    // What is learned of a screen later makes it no newer.
    expect(stageOf(apply(s, shares(3n, 'TR_Z', 'T', 1n)))).toEqual({
      kind: 'screen',
      participant: 'T2',
    })
    const stop = create(TrackUnpublishedSchema, { sid: 'TR_A' })
    const after = apply(s, event(3n, { case: 'trackUnpublished', value: stop }))
    expect(stageOf(after)).toEqual({ kind: 'screen', participant: 'T' })
  })

  it('is the same for all who come later, in whatever order their snapshot lists screens', () => {
    const stages = (...orders: [bigint, bigint]) => {
      const one = track('TR_2', 'A', Source.SCREEN, false, orders[0])
      const other = track('TR_1', 'L', Source.SCREEN, false, orders[1])
      const lists = [
        { ...one, ...other },
        { ...other, ...one },
      ]
      return lists.map((tracks) => stageOf(classOf([amina, leo], { tracks })))
    }
    const aminas = { kind: 'screen', participant: 'A' }
    const leos = { kind: 'screen', participant: 'L' }
    expect(stages(7n, 8n)).toEqual([leos, leos])
    expect(stages(8n, 7n)).toEqual([aminas, aminas])
    expect(stages(0n, 7n)).toEqual([leos, leos]) // one is of a log from before orders were noted
    expect(stages(0n, 0n)).toEqual([aminas, aminas])
  })
})

it('a microphone is on while one rendition of it is', () => {
  const tracks = {
    ...track('TR_1', 'A', Source.MICROPHONE, true),
    ...track('TR_2', 'T', Source.MICROPHONE),
  }
  const s = classOf([teacher, amina], { tracks })
  expect([q.microphoneOf(s, 'A'), q.microphoneOf(s, 'T'), q.microphoneOf(s, 'L')]).toEqual([
    'off',
    'on',
    'off',
  ])
  expect(q.openMicrophones(s)).toEqual(new Set(['T']))
})

it('a class is recorded while a recorder is in it', () => {
  const recorder = { id: 'R', role: Role.RECORDER, presence: Presence.PRESENT }
  expect(q.isRecorded(classOf([recorder]))).toBe(true)
  expect(q.isRecorded(classOf([{ ...recorder, presence: Presence.GONE }]))).toBe(false)
})
