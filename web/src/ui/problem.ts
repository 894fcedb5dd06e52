import type { DeviceFailure, FailureKind } from '../media/failure'
import { m } from '../paraglide/messages.js'

type Said = () => string

/** Each failure's sentence, to a pupil and to a teacher. It ends with the way out. */
const sentences: Record<FailureKind, readonly [pupil: Said, teacher: Said]> = {
  denied: [m.problem_denied_pupil, m.problem_denied_teacher],
  'denied-by-system': [m.problem_system_pupil, m.problem_system_teacher],
  dismissed: [m.problem_dismissed_pupil, m.problem_dismissed_teacher],
  missing: [m.problem_missing_pupil, m.problem_missing_teacher],
  busy: [m.problem_busy_pupil, m.problem_busy_teacher],
  insecure: [m.problem_insecure, m.problem_insecure],
  unsupported: [m.problem_unsupported, m.problem_unsupported],
  overconstrained: [m.problem_other_device, m.problem_other_device],
  forbidden: [m.failed_forbidden, m.failed_forbidden],
  unknown: [m.problem_unknown, m.problem_unknown],
}

/** problemText says what went wrong and what to do; undefined where nothing did. */
export function problemText(
  failure: DeviceFailure | undefined,
  teacher: boolean,
): string | undefined {
  if (!failure) return undefined
  if (failure.device === 'screen') return screenText(failure.kind)
  const [pupil, polite] = sentences[failure.kind]
  return teacher ? polite() : pupil()
}

/** Whoever closed the screen picker knows it. */
function screenText(kind: FailureKind): string | undefined {
  if (kind === 'dismissed' || kind === 'denied') return undefined
  return kind === 'forbidden' ? m.failed_forbidden() : m.failed_screen()
}

/** mayRetry: asking again can help, without another page or browser. */
export function mayRetry(kind: FailureKind): boolean {
  return kind !== 'insecure' && kind !== 'unsupported' && kind !== 'forbidden'
}
