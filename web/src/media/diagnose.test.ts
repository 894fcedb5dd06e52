import { afterEach, describe, expect, it, vi } from 'vitest'
import { failureOf } from './diagnose'
import type { Device, FailureKind } from './failure'

const capturing = {
  mediaDevices: { getUserMedia: () => undefined, getDisplayMedia: () => undefined },
}

/** A browser: whether the page came over HTTPS, and what its navigator knows. */
function browser(secure: boolean, navigator: object): void {
  vi.stubGlobal('isSecureContext', secure)
  vi.stubGlobal('navigator', navigator)
}

const error = (name: string, message = '') => new DOMException(message, name)

async function kind(
  thrown: unknown,
  device: Device = 'microphone',
  permission?: PermissionState,
): Promise<FailureKind> {
  const failure = await failureOf(device, thrown, () => Promise.resolve(permission))
  expect(failure.device).toBe(device)
  return failure.kind
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('what browsers throw', () => {
  it.each<[string, unknown, FailureKind]>([
    ['no device', error('NotFoundError', 'Requested device not found'), 'missing'],
    ['no device, old Chromium', error('DevicesNotFoundError'), 'missing'],
    ['held by another program', error('NotReadableError', 'Device in use'), 'busy'],
    ['held, old Chromium', error('TrackStartError'), 'busy'],
    ['the driver gave up', error('AbortError', 'Starting videoinput failed'), 'busy'],
    [
      'Windows says no',
      error('NotReadableError', 'Permission denied by system'),
      'denied-by-system',
    ],
    ['the chosen device cannot', error('OverconstrainedError'), 'overconstrained'],
    ['the same, old Chromium', error('ConstraintNotSatisfiedError'), 'overconstrained'],
    ['not in this browser', error('NotSupportedError'), 'unsupported'],
    ['called wrongly', new TypeError('At least one of audio and video'), 'unsupported'],
    ['something new', error('SurprisingError'), 'unknown'],
    ['not even an error', 'no', 'unknown'],
  ])('%s', async (_, thrown, expected) => {
    browser(true, capturing)
    expect(await kind(thrown)).toBe(expected)
  })
})

describe('a refusal', () => {
  const chromium = error('NotAllowedError', 'Permission denied')
  const firefox = error(
    'NotAllowedError',
    'The request is not allowed by the user agent or the platform in the current context.',
  )

  it.each<[string, unknown, Device, PermissionState | undefined, FailureKind]>([
    ['the person said no', chromium, 'microphone', 'denied', 'denied'],
    ['no, and the browser tells nothing', chromium, 'camera', undefined, 'denied'],
    ['by an older name', error('PermissionDeniedError'), 'camera', 'denied', 'denied'],
    ['a frame without the right', error('SecurityError'), 'microphone', 'denied', 'denied'],
    ['the question was closed', chromium, 'microphone', 'prompt', 'dismissed'],
    [
      'the same, in words',
      error('NotAllowedError', 'Permission dismissed'),
      'camera',
      undefined,
      'dismissed',
    ],
    ['the site may, the system not', chromium, 'microphone', 'granted', 'denied-by-system'],
    [
      'Chromium on macOS',
      error('NotAllowedError', 'Permission denied by system'),
      'microphone',
      'denied',
      'denied-by-system',
    ],
    ['Firefox, no for this time', firefox, 'camera', undefined, 'denied'],
    ['Firefox, no for good', firefox, 'camera', 'denied', 'denied'],
    ['the screen picker was closed', chromium, 'screen', undefined, 'dismissed'],
  ])('%s', async (_, thrown, device, permission, expected) => {
    browser(true, capturing)
    expect(await kind(thrown, device, permission)).toBe(expected)
  })
})

describe('where nothing could work', () => {
  it.each<[string, boolean, object, Device, FailureKind]>([
    ['a page without https', false, {}, 'microphone', 'insecure'],
    ['the same, though it could capture', false, capturing, 'camera', 'insecure'],
    ['a browser without capture', true, {}, 'microphone', 'unsupported'],
    ['an old one', true, { mediaDevices: {} }, 'camera', 'unsupported'],
    [
      'a phone has no screen to share',
      true,
      { mediaDevices: { getUserMedia: () => undefined } },
      'screen',
      'unsupported',
    ],
  ])('%s', async (_, secure, navigator, device, expected) => {
    browser(secure, navigator)
    expect(await kind(new TypeError('undefined is not a function'), device)).toBe(expected)
  })
})
