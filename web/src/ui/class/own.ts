import type { Classroom } from '../../session/classroom'
import type { Desk } from './desk.svelte'

/** A person's own microphone, camera, screen and hand: the same act from bar, menu and key. */

export function toggleMicrophone(room: Classroom): void {
  const on = room.media.microphone.state !== 'off'
  if (on || room.people.mayUnmute) void room.media.setMicrophone(!on)
}

export function toggleCamera(room: Classroom): void {
  const on = room.media.camera.state !== 'off'
  if (on || room.people.may('camera')) void room.media.setCamera(!on)
}

export function toggleScreen(room: Classroom): void {
  const on = room.media.screen.state !== 'off'
  if (on || room.people.may('screen')) void room.media.setScreen(!on)
}

export function toggleHand(room: Classroom, desk: Desk): void {
  desk.do(room.people.myHand > 0 ? room.actions.lowerHand() : room.actions.raiseHand())
}

/** Phones have no screen to share through the browser. */
export function canShareScreen(): boolean {
  return 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices
}
