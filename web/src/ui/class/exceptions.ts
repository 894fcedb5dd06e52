import { isHidden } from '../../class/questions'
import { exception, rights, type Right } from '../../class/rights'
import { Role, type Participant } from '../../gen/class_pb'
import { m } from '../../paraglide/messages.js'

const what: Record<Right, () => string> = {
  microphone: m.exception_mic,
  camera: m.exception_camera,
  screen: m.exception_screen,
  chat: m.exception_chat,
}

/** exceptionWords says what a person may, or may not, whatever the class's rule; '' where the rule holds. */
export function exceptionWords(person: Participant): string {
  if (person.role === Role.TEACHER || isHidden(person)) return ''
  const of = (allowed: boolean) =>
    rights.filter((right) => exception(person, right) === allowed).map((right) => what[right]())
  const [may, mayNot] = [of(true), of(false)]
  return [
    may.length > 0 ? m.exception_may({ what: may.join(', ') }) : '',
    mayNot.length > 0 ? m.exception_may_not({ what: mayNot.join(', ') }) : '',
  ]
    .filter(Boolean)
    .join(' · ')
}
