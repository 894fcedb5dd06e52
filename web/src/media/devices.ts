// Getting at microphones and cameras before a class: asking for permission,
// listing what there is, and saying exactly why something cannot be had.

import { failureOf } from './diagnose'
import type { Device, DeviceFailure } from './failure'

export type Capture =
  | { readonly ok: true; readonly track: MediaStreamTrack; stop(): void }
  | { readonly ok: false; readonly failure: DeviceFailure }

export interface DeviceList {
  readonly audioinput: readonly ListedDevice[]
  readonly videoinput: readonly ListedDevice[]
  readonly audiooutput: readonly ListedDevice[]
}

export interface ListedDevice {
  readonly id: string
  /** Empty before permission was given. */
  readonly label: string
}

const voice: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
}
const picture: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 24, max: 30 },
}

/** Opens one microphone or camera. A remembered device that is gone gives way to the system's choice. */
export async function capture(
  device: Exclude<Device, 'screen'>,
  deviceId?: string,
): Promise<Capture> {
  const first = await attempt(device, deviceId)
  if (first.ok || !deviceId) return first
  const gone = first.failure.kind === 'overconstrained' || first.failure.kind === 'missing'
  return gone ? attempt(device, undefined) : first
}

async function attempt(
  device: Exclude<Device, 'screen'>,
  deviceId: string | undefined,
): Promise<Capture> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints(device, deviceId))
    const track = stream.getTracks()[0]
    if (!track) return { ok: false, failure: { device, kind: 'missing' } }
    return { ok: true, track, stop: () => track.stop() }
  } catch (error) {
    return { ok: false, failure: await failureOf(device, error) }
  }
}

function constraints(
  device: Exclude<Device, 'screen'>,
  deviceId: string | undefined,
): MediaStreamConstraints {
  const exact = deviceId ? { deviceId: { exact: deviceId } } : {}
  if (device === 'microphone') return { audio: { ...voice, ...exact } }
  return { video: { ...picture, ...exact } }
}

/** What there is. Labels and ids are empty until permission was given once. */
export async function listDevices(): Promise<DeviceList> {
  const found = canCapture() ? await navigator.mediaDevices.enumerateDevices() : []
  const of = (kind: MediaDeviceKind) =>
    found
      .filter((d) => d.kind === kind && d.deviceId !== '')
      .map((d) => ({ id: d.deviceId, label: d.label }))
  return {
    audioinput: of('audioinput'),
    videoinput: of('videoinput'),
    audiooutput: of('audiooutput'),
  }
}

/** Calls the listener when devices come or go; the function returned ends that. */
export function onDeviceChange(listener: () => void): () => void {
  if (!canCapture()) return () => undefined
  navigator.mediaDevices.addEventListener('devicechange', listener)
  return () => navigator.mediaDevices.removeEventListener('devicechange', listener)
}

/** Old browsers and insecure pages have no mediaDevices at all, whatever its type says. */
function canCapture(): boolean {
  return (navigator as { mediaDevices?: MediaDevices }).mediaDevices !== undefined
}
