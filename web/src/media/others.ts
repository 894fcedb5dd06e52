// What a room shows of its people: pictures, who speaks, the quality of links.

import type { Participant, RemoteTrackPublication, Room, Track, VideoTrack } from 'livekit-client'
import { Source } from '../gen/class_pb'
import type { Library } from './library'
import type { Picture, VideoSource } from './picture'

export type LinkQuality = 'good' | 'weak' | 'lost' | 'unknown'

export class Others {
  /** One picture a track, so that whoever shows it sees whether it is still the same. */
  readonly #pictures = new WeakMap<Track, Picture>()

  constructor(
    private readonly lk: Library,
    private readonly room: Room,
    /** Called when a picture's changeable parts are read. */
    private readonly observe: () => void,
  ) {}

  picture(identity: string, source: VideoSource): Picture | undefined {
    const publication = this.#person(identity)?.getTrackPublication(
      source === Source.CAMERA ? this.lk.Track.Source.Camera : this.lk.Track.Source.ScreenShare,
    )
    const track = publication?.videoTrack
    if (!track || publication.isMuted) return undefined
    const known = this.#pictures.get(track)
    if (known) return known
    const picture = this.#make(track, source, identity === this.room.localParticipant.identity)
    this.#pictures.set(track, picture)
    return picture
  }

  /** Asks for others' cameras, or for none. Screens and voices come all the same. */
  showCameras(on: boolean): void {
    for (const person of this.room.remoteParticipants.values()) {
      for (const publication of person.videoTrackPublications.values()) {
        if (publication instanceof this.lk.RemoteTrackPublication) this.#show(publication, on)
      }
    }
  }

  #show(publication: RemoteTrackPublication, on: boolean): void {
    if (publication.source === this.lk.Track.Source.Camera && publication.isDesired) {
      publication.setEnabled(on)
    }
  }

  /** Whether the server holds a picture back, for want of bandwidth. */
  get starved(): boolean {
    const { Paused } = this.lk.Track.StreamState
    return [...this.room.remoteParticipants.values()].some((person) =>
      [...person.videoTrackPublications.values()].some((p) => p.track?.streamState === Paused),
    )
  }

  /** Identities of who speaks, loudest first. */
  speakers(): string[] {
    return this.room.activeSpeakers.map((p) => p.identity)
  }

  level(identity: string): number {
    return this.#person(identity)?.audioLevel ?? 0
  }

  quality(identity: string): LinkQuality {
    const { ConnectionQuality } = this.lk
    switch (this.#person(identity)?.connectionQuality) {
      case ConnectionQuality.Excellent:
      case ConnectionQuality.Good:
        return 'good'
      case ConnectionQuality.Poor:
        return 'weak'
      case ConnectionQuality.Lost:
        return 'lost'
      default:
        return 'unknown'
    }
  }

  #person(identity: string): Participant | undefined {
    return this.room.getParticipantByIdentity(identity)
  }

  #make(track: VideoTrack, source: VideoSource, own: boolean): Picture {
    const { observe } = this
    const { Paused } = this.lk.Track.StreamState
    return {
      key: track.sid ?? track.mediaStreamID,
      own,
      source,
      get paused() {
        observe()
        return track.streamState === Paused
      },
      attach: (element) => void track.attach(element),
      detach: (element) => void track.detach(element),
    }
  }
}
