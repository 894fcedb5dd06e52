import type { EndReason } from '../../class/status'

/** Ending names one of the screens after, or instead of, a class. */
export type Ending =
  | 'ended'
  | 'left'
  | 'removed'
  | 'refused'
  | 'banned'
  | 'replaced'
  | 'full'
  | 'expired'
  | 'notfound'
  | 'failed'

export function endingOfClass(reason: EndReason): Ending {
  if (reason === 'not-open') return 'notfound'
  return reason === 'unauthorized' ? 'expired' : reason
}
