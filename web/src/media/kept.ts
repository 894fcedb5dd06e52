// What is captured goes on while a connection is made anew. livekit-client opens each device again
// at a full reconnect, since a computer may have slept meanwhile: the camera's light goes out and
// on, seconds pass, and Chromium, when several of its pages do so at one moment, may leave all of
// them without a picture. Here only what has ended meanwhile is opened again.

import type { LocalParticipant, LocalTrack, Room } from 'livekit-client'
import type { Library } from './library'

export function keepCaptured({ localParticipant: me }: Room, lk: Library): void {
  const republish = me.republishAllTracks.bind(me)
  me.republishAllTracks = async (options, restart = true) => {
    if (restart) await Promise.all(ended(me, lk).map((track) => reopen(me, track)))
    await republish(options, false)
  }
}

/** Muted by its browser: a phone that was locked, or another program has the device. */
function ended(me: LocalParticipant, { Track }: Library): LocalTrack[] {
  return [...me.trackPublications.values()].flatMap(({ track }) => {
    if (!track || track.isMuted || track.isUserProvided) return []
    if (track.source !== Track.Source.Microphone && track.source !== Track.Source.Camera) return []
    const { readyState, muted } = track.mediaStreamTrack
    return readyState === 'ended' || muted ? [track] : []
  })
}

/** What cannot be opened is taken down: the page then tries again and says why it fails. */
async function reopen(me: LocalParticipant, track: LocalTrack): Promise<void> {
  try {
    await track.restartTrack()
  } catch {
    await me.unpublishTrack(track)
  }
}
