// livekit-client is the biggest part of the page: it comes while a name is typed, and
// nobody waits for it before.

import type * as LiveKit from 'livekit-client'
import type * as Used from './livekit'
import { reconnectPolicy } from './reconnect'

export type Library = typeof Used

export const loadLibrary = (): Promise<Library> => import('./livekit')

export function roomOptions(lk: Library, o: RoomChoices): LiveKit.RoomOptions {
  const camera = o.teacher ? lk.VideoPresets.h720 : lk.VideoPresets.h540
  return {
    adaptiveStream: true,
    dynacast: true,
    reconnectPolicy: reconnectPolicy(Math.random),
    stopLocalTrackOnUnpublish: true,
    audioCaptureDefaults: {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...chosen(o.audioinput),
    },
    videoCaptureDefaults: { resolution: camera.resolution, ...chosen(o.videoinput) },
    audioOutput: chosen(o.audiooutput),
    publishDefaults: {
      simulcast: true,
      videoCodec: 'vp8',
      videoSimulcastLayers: [lk.VideoPresets.h180, lk.VideoPresets.h360],
      audioPreset: lk.AudioPresets.speech,
      dtx: true,
      red: true,
      screenShareEncoding: lk.ScreenSharePresets.h1080fps15.encoding,
    },
  }
}

export interface RoomChoices {
  readonly teacher: boolean
  /** Device ids; '' the system's own choice. */
  readonly audioinput: string
  readonly videoinput: string
  readonly audiooutput: string
}

/** Ideal, not exact: a remembered device may be gone. */
function chosen(deviceId: string): { deviceId?: string } {
  return deviceId ? { deviceId } : {}
}

/** A text on a slide stays legible, and the tab of the class itself is no choice. */
export const screenCapture: LiveKit.ScreenShareCaptureOptions = {
  audio: true,
  contentHint: 'detail',
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
}
