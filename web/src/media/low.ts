// A teacher's voice a second time, in few bits and long frames, for pupils on thin
// links: the server sends each of them the one or the other as one track. Nobody
// else sees this second track. It follows the microphone: published, muted and
// ended with it, on the device that it is on.

import type { LocalTrackPublication, Room, TrackPublication } from 'livekit-client'
import type { Library } from './library'

/** The name by which the server knows the track. */
const lowName = 'voice-low'
/** Bits a second, of Opus: speech stays intelligible, and in full width. */
const lowBitrate = 12_000

export class LowVoice {
  #turn: Promise<void> = Promise.resolve()

  constructor(
    private readonly lk: Library,
    private readonly room: Room,
  ) {
    keepApart(room, lk)
  }

  /** Brings the low rendition to what the microphone is now; one step at a time. */
  follow(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#step()).catch(() => undefined) // the voice itself goes on
    return this.#turn
  }

  async #step(): Promise<void> {
    const me = this.room.localParticipant
    const voice = me.getTrackPublication(this.lk.Track.Source.Microphone)
    const low = lowOf(this.room)
    if (!voice?.track || voice.isMuted) {
      if (low && !voice?.track) await unpublish(this.room, low)
      else await low?.mute()
      return
    }
    const captured = voice.track.mediaStreamTrack
    if (low?.track && originals.get(low.track.mediaStreamTrack) === captured) {
      await low.unmute()
      return
    }
    if (low) await unpublish(this.room, low) // of another device
    const copy = captured.clone()
    originals.set(copy, captured)
    await me.publishTrack(copy, {
      name: lowName,
      source: this.lk.Track.Source.Microphone,
      audioPreset: { maxBitrate: lowBitrate },
      dtx: true,
      red: true,
    })
  }
}

/** Of which capture a track is the copy. */
const originals = new WeakMap<MediaStreamTrack, MediaStreamTrack>()

function lowOf(room: Room): LocalTrackPublication | undefined {
  return [...room.localParticipant.audioTrackPublications.values()].find(isLow)
}

export function isLow(publication: TrackPublication): boolean {
  return publication.trackName === lowName
}

async function unpublish(room: Room, low: LocalTrackPublication): Promise<void> {
  if (low.track) await room.localParticipant.unpublishTrack(low.track.mediaStreamTrack, true)
}

/**
 * livekit-client takes the first publication of a source for the source's own: after a reconnect
 * that may be the low one, and the microphone's switch would mute the wrong track.
 */
function keepApart(room: Room, { Track }: Library): void {
  const me = room.localParticipant
  const plain = me.getTrackPublication.bind(me)
  me.getTrackPublication = (source) =>
    source === Track.Source.Microphone
      ? [...me.audioTrackPublications.values()].find(
          (publication) => publication.source === source && !isLow(publication),
        )
      : plain(source)
}
