// A picture is a video that can be shown: somebody's camera or screen.

import type { Source } from '../gen/class_pb'

export type VideoSource = Source.CAMERA | Source.SCREEN

export interface Picture {
  /** Changes when another track takes its place: usable as a key. */
  readonly key: string
  /** One's own: shown mirrored when it is a camera. */
  readonly own: boolean
  readonly source: VideoSource
  /** The server paused it: the link does not carry it now. */
  readonly paused: boolean
  /** Shows it in the element, until detached from it. */
  attach(element: HTMLMediaElement): void
  detach(element: HTMLMediaElement): void
}
