// What a teacher lets one person do, against the class's rule: what holds, whether
// it is an exception, and the switch that makes a wish true. Pure.
//
// An exception outlives every later change of the rule. So a wish that is the rule
// itself takes the exception back, and the person follows the rule again.

import { Role, Switch, type Participant, type State } from '../gen/class_pb'

export type Right = 'microphone' | 'camera' | 'screen' | 'chat'

export const rights: readonly Right[] = ['microphone', 'camera', 'screen', 'chat']

/** What holds for somebody of this role without a switch of their own. */
export function rule(s: State, role: Role, right: Right): boolean {
  const locks = s.locks
  // Who may not open a microphone may not speak, whichever of the two locks it is.
  if (right === 'microphone') return locks?.microphone !== true && locks?.unmute !== true
  if (right === 'screen' && role === Role.PRESENTER) return true
  return locks?.[right] !== true
}

/** What holds for the person now. */
export function holds(s: State, person: Participant, right: Right): boolean {
  const own = exception(person, right)
  return own === undefined ? rule(s, person.role, right) : own
}

/** What the person's own switch says, whatever the rule; undefined: the rule holds. */
export function exception(person: Participant, right: Right): boolean | undefined {
  switch (person.permissions?.[right]) {
    case Switch.ALLOWED:
      return true
    case Switch.DENIED:
      return false
    default:
      return undefined
  }
}

/** The switch with which the person may, or may not, from now on. */
export function switchFor(s: State, person: Participant, right: Right, wish: boolean): Switch {
  if (wish === rule(s, person.role, right)) return Switch.DEFAULT
  return wish ? Switch.ALLOWED : Switch.DENIED
}
