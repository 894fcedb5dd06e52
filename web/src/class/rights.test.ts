import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  LocksSchema,
  ParticipantSchema,
  PermissionsSchema,
  Presence,
  Role,
  StateSchema,
  Switch,
  type State,
} from '../gen/class_pb'
import { may, mayUnmute } from './questions'
import { exception, holds, rule, switchFor, type Right } from './rights'

type Locks = MessageInitShape<typeof LocksSchema>

/** A class with one pupil, Amina. */
function classOf(locks: Locks, own = Switch.DEFAULT, role = Role.PUPIL): State {
  const amina = create(ParticipantSchema, {
    id: 'A',
    role,
    presence: Presence.PRESENT,
    permissions: { microphone: own, screen: own },
  })
  return create(StateSchema, { locks, participants: { A: amina } })
}

const amina = (s: State) => s.participants['A']!

/** A teacher flips Amina's switch, as the menu does. */
function flip(s: State, right: Right): State {
  const set = switchFor(s, amina(s), right, !holds(s, amina(s), right))
  const permissions = create(PermissionsSchema, {
    microphone: amina(s).permissions?.microphone ?? Switch.DEFAULT,
    screen: amina(s).permissions?.screen ?? Switch.DEFAULT,
    [right]: set,
  })
  return { ...s, participants: { A: { ...amina(s), permissions } } }
}

describe('the rule', () => {
  it.each<[Locks, Right, boolean]>([
    [{}, 'microphone', true],
    [{ microphone: true }, 'microphone', false],
    [{ unmute: true }, 'microphone', false], // “mute and keep muted”
    [{ unmute: true }, 'camera', true],
    [{ camera: true }, 'camera', false],
    [{ chat: true }, 'chat', false],
    [{ privateChat: true }, 'chat', true],
    [{ screen: true }, 'screen', false],
  ])('%j: %s %s', (locks, right, expected) => {
    expect(rule(classOf(locks), Role.PUPIL, right)).toBe(expected)
  })

  it('lets a presenter share whatever the lock', () => {
    expect(rule(classOf({ screen: true }), Role.PRESENTER, 'screen')).toBe(true)
  })
})

describe('a teacher’s switch for one pupil', () => {
  it('off and on again is no exception: “mute and keep muted” still holds for them', () => {
    const back = flip(flip(classOf({}), 'microphone'), 'microphone')
    expect(amina(back).permissions?.microphone).toBe(Switch.DEFAULT)
    const locked = { ...back, locks: create(LocksSchema, { unmute: true }) }
    expect(mayUnmute(locked, 'A')).toBe(false)
  })

  it('on while all are muted is an exception, and off again none', () => {
    const once = flip(classOf({ unmute: true }), 'microphone')
    expect(exception(amina(once), 'microphone')).toBe(true)
    expect(mayUnmute(once, 'A')).toBe(true)
    const back = flip(once, 'microphone')
    expect(exception(amina(back), 'microphone')).toBeUndefined()
    expect(mayUnmute(back, 'A')).toBe(false)
  })

  it('takes back what the rule has caught up with', () => {
    const allowed = classOf({}, Switch.ALLOWED) // was given under a lock that is gone
    expect(switchFor(allowed, amina(allowed), 'microphone', true)).toBe(Switch.DEFAULT)
  })

  it.each([Switch.DEFAULT, Switch.ALLOWED, Switch.DENIED])(
    'shows what the server will do, with %s',
    (own) => {
      for (const locks of [{}, { microphone: true }, { unmute: true }, { screen: true }]) {
        for (const role of [Role.PUPIL, Role.PRESENTER]) {
          const s = classOf(locks, own, role)
          expect(holds(s, amina(s), 'microphone')).toBe(mayUnmute(s, 'A'))
        }
        const s = classOf(locks, own)
        expect(holds(s, amina(s), 'screen')).toBe(may(s, 'A', 'screen'))
      }
    },
  )
})
