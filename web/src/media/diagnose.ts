// Turns what browsers throw into why it failed. The names are those of W3C Media
// Capture and Streams §10.3; the messages are browsers' own words, read only where
// names do not tell apart who said no.

import type { Device, DeviceFailure, FailureKind } from './failure'

/** Reads the state of the permission where the browser tells (W3C Permissions); Firefox before 132 does not. */
type AskPermission = (device: Device) => Promise<PermissionState | undefined>

export async function failureOf(
  device: Device,
  error: unknown,
  askPermission: AskPermission = permissionState,
): Promise<DeviceFailure> {
  return { device, kind: await kindOf(device, error, askPermission) }
}

async function kindOf(
  device: Device,
  error: unknown,
  askPermission: AskPermission,
): Promise<FailureKind> {
  const where = environment(device)
  if (where) return where
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'SecurityError':
      return refusal(device, error, askPermission)
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return 'missing'
    case 'NotReadableError':
    case 'TrackStartError':
      return saysSystem(error) ? 'denied-by-system' : 'busy'
    case 'AbortError':
      return 'busy'
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return 'overconstrained'
    case 'NotSupportedError':
      return 'unsupported'
    case 'TypeError':
      return 'unsupported'
    default:
      return 'unknown'
  }
}

/** What is wrong before anything is asked: no HTTPS, no such function. */
function environment(device: Device): FailureKind | undefined {
  if (!globalThis.isSecureContext) return 'insecure'
  const devices = (navigator as { mediaDevices?: Partial<MediaDevices> }).mediaDevices
  const call = device === 'screen' ? devices?.getDisplayMedia : devices?.getUserMedia
  return call ? undefined : 'unsupported'
}

async function refusal(
  device: Device,
  error: unknown,
  askPermission: AskPermission,
): Promise<FailureKind> {
  if (saysSystem(error)) return 'denied-by-system'
  if (device === 'screen' || /dismiss/i.test(message(error))) return 'dismissed'
  const state = await askPermission(device)
  if (state === 'granted') return 'denied-by-system' // the site may, and still was refused
  return state === 'prompt' ? 'dismissed' : 'denied'
}

// Chromium: "Permission denied by system". Firefox and Safari say "…not allowed by the user
// agent or the platform…" of every refusal, the person's own too: that tells nothing.
function saysSystem(error: unknown): boolean {
  return /by system|system settings|os-level/i.test(message(error))
}

function message(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.message : ''
}

export async function permissionState(device: Device): Promise<PermissionState | undefined> {
  if (device === 'screen') return undefined
  try {
    const name = device as PermissionName
    return (await navigator.permissions.query({ name })).state
  } catch {
    return undefined
  }
}
