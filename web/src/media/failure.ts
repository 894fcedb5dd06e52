// Why a microphone, a camera or a screen could not be had. Each kind has its own
// sentence and its own way out on the page.

export type Device = 'microphone' | 'camera' | 'screen'

export type FailureKind =
  | 'denied' // the person, or an earlier choice of theirs for this site, said no
  | 'denied-by-system' // the operating system keeps it from the browser
  | 'dismissed' // asked, and closed without an answer, or the screen picker cancelled
  | 'missing' // no such device
  | 'busy' // another program holds it, or the driver failed
  | 'insecure' // the page did not come over HTTPS
  | 'unsupported' // the browser has no way to do this
  | 'overconstrained' // the chosen device cannot do what was asked
  | 'forbidden' // the class does not allow it now
  | 'unknown'

export interface DeviceFailure {
  readonly device: Device
  readonly kind: FailureKind
}
