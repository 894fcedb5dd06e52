// The media of one class: keeps a LiveKit room connected for as long as it is
// wanted, and says what changed. livekit-client resumes and reconnects by itself;
// when it gives up, a new room is made. Knows nothing of the class log: people are
// identities here.

import type { LocalTrackPublication, Participant, Room, TrackPublication } from 'livekit-client'
import type { Device } from './failure'
import { keepCaptured } from './kept'
import { loadLibrary, roomOptions, type Library, type RoomChoices } from './library'
import { isLow, LowVoice } from './low'
import { Others, type LinkQuality } from './others'
import { OwnMedia, type Permission } from './own'
import type { Picture, VideoSource } from './picture'
import { connectOptions } from './reconnect'
import { encode, Reports, topic } from './report'
import { Sound, unblock } from './sound'

export type MediaStatus = 'idle' | 'connecting' | 'live' | 'reconnecting'
export type MediaTopic =
  'status' | 'own' | 'pictures' | 'speakers' | 'sound' | 'devices' | 'quality'
export type DeviceKind = 'audioinput' | 'videoinput' | 'audiooutput'

export interface MediaOptions extends RoomChoices {
  /** http(s) origin of the server. */
  readonly origin: string
  /** The page's key; see class/address.ts. */
  readonly page: string
  readonly token: () => string
  readonly permission: (device: Device) => Permission
  readonly changed: (topic: MediaTopic) => void
  /** Called when the paused part of a picture is read. */
  readonly observe: () => void
  /** The server sent a fresh token. */
  readonly refreshed: (token: string) => void
  /** The last round trip measured to the server, ms; undefined: none yet. */
  readonly roundTrip: () => number | undefined
  /** Milliseconds to wait before attempt n. */
  readonly wait: (attempt: number) => number
  /** Where hidden audio elements stand. */
  readonly place: HTMLElement
  readonly load?: () => Promise<Library>
}

export class MediaRoom {
  readonly own: OwnMedia
  readonly #o: MediaOptions
  readonly #sound: Sound
  readonly #chosen: Record<DeviceKind, string>
  #status: MediaStatus = 'idle'
  #room: Room | undefined
  #others: Others | undefined
  #low: LowVoice | undefined // of a teacher
  #cameras = true
  readonly #reports = new Reports()
  #attempt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #wanted = false

  constructor(options: MediaOptions) {
    const { audioinput, videoinput, audiooutput } = options
    this.#o = options
    this.#chosen = { audioinput, videoinput, audiooutput }
    this.#sound = new Sound(options.place)
    this.own = new OwnMedia(options.permission, () => options.changed('own'))
  }

  get status(): MediaStatus {
    return this.#status
  }

  get soundBlocked(): boolean {
    return this.#status === 'live' && this.#room?.canPlaybackAudio === false
  }

  get chosen(): Readonly<Record<DeviceKind, string>> {
    return this.#chosen
  }

  start(): void {
    if (this.#wanted) return
    this.#wanted = true
    void this.#connect()
  }

  /** Now would be a good moment: the class has come back. */
  poke(): void {
    if (!this.#wanted || this.#room) return
    this.#attempt = 0
    void this.#connect()
  }

  stop(): void {
    this.#wanted = false
    clearTimeout(this.#timer)
    const room = this.#room
    this.#forget()
    this.#setStatus('idle')
    void room?.disconnect()
  }

  picture(identity: string, source: VideoSource): Picture | undefined {
    return this.#others?.picture(identity, source)
  }

  speakers(): string[] {
    return this.#others?.speakers() ?? []
  }

  level(identity: string): number {
    return this.#others?.level(identity) ?? 0
  }

  quality(identity: string): LinkQuality {
    return this.#others?.quality(identity) ?? 'unknown'
  }

  /** Others' cameras are wanted, or not. */
  showCameras(on: boolean): void {
    this.#cameras = on
    this.#others?.showCameras(on)
    this.#o.changed('pictures')
  }

  /** Whether the server holds a picture back, for want of bandwidth. */
  get starved(): boolean {
    return this.#others?.starved ?? false
  }

  /** For how many seconds somebody's page has had no pictures; 0: it has them, or says nothing. */
  withoutPictures(identity: string): number {
    return this.#reports.without(identity, Date.now())
  }

  /** Tells these people so of oneself. What the link does not carry is said again later. */
  async tell(seconds: number, identities: string[]): Promise<void> {
    if (this.#status !== 'live' || identities.length === 0) return
    try {
      await this.#room?.localParticipant.publishData(encode(seconds), {
        reliable: false,
        topic,
        destinationIdentities: identities,
      })
    } catch {
      // not permitted, or not connected just now
    }
  }

  /** One's own microphone as it is captured now, for a level meter. */
  get microphoneTrack(): MediaStreamTrack | undefined {
    const tracks = this.#room?.localParticipant.audioTrackPublications.values() ?? []
    for (const { source, track } of tracks) {
      if (deviceOf[source] === 'microphone') return track?.mediaStreamTrack
    }
    return undefined
  }

  async playSound(): Promise<void> {
    await unblock(this.#room)
  }

  /** Takes another device, at once where one is in use. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    this.#chosen[kind] = id
    this.#o.changed('devices')
    try {
      await this.#room?.switchActiveDevice(kind, id || 'default', false)
    } catch {
      // gone meanwhile, or the browser cannot: what was used before goes on
    }
    this.#o.changed('own')
  }

  // ------------------------------------------------------------- the connection

  async #connect(): Promise<void> {
    clearTimeout(this.#timer)
    this.#setStatus(this.#status === 'idle' ? 'connecting' : this.#status)
    let room: Room | undefined
    try {
      const lk = await (this.#o.load ?? loadLibrary)()
      if (!this.#wanted || this.#room) return
      room = new lk.Room(roomOptions(lk, { teacher: this.#o.teacher, ...this.#chosen }))
      keepCaptured(room, lk)
      this.#room = room
      this.#others = new Others(lk, room, this.#o.observe)
      this.#low = this.#o.teacher ? new LowVoice(lk, room) : undefined
      this.#listen(lk, room)
      await room.connect(
        mediaURL(this.#o.origin, this.#o.page),
        this.#o.token(),
        connectOptions(this.#o.roundTrip(), this.#attempt),
      )
      room.engine.on('tokenRefreshed', this.#o.refreshed) // the room itself does not pass it on
    } catch {
      this.#lose(room)
      return
    }
    if (this.#room === room) this.#joined(room)
    else void room.disconnect() // stopped, or lost, meanwhile
  }

  #joined(room: Room): void {
    this.#attempt = 0
    this.#setStatus('live')
    if (!this.#cameras) this.#others?.showCameras(false)
    this.#changedAll()
    void this.own.use(room)
  }

  /** The room is of no use any more: another is made after a while. */
  #lose(room: Room | undefined): void {
    if (room !== this.#room) return
    this.#forget()
    if (!this.#wanted) return
    this.#setStatus(this.#status === 'connecting' ? 'connecting' : 'reconnecting')
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), this.#o.wait(this.#attempt++))
  }

  #forget(): void {
    this.#room?.removeAllListeners()
    this.#room = undefined
    this.#others = undefined
    this.#low = undefined
    this.#sound.clear()
    void this.own.use(undefined)
    this.#changedAll()
  }

  #setStatus(status: MediaStatus): void {
    if (status === this.#status) return
    this.#status = status
    this.#o.changed('status')
  }

  #changedAll(): void {
    for (const topic of ['own', 'pictures', 'speakers', 'sound', 'quality'] as const) {
      this.#o.changed(topic)
    }
  }

  #listen({ RoomEvent, Track }: Library, room: Room): void {
    const { changed } = this.#o
    const pictures = () => changed('pictures')
    const others = () => {
      if (!this.#cameras) this.#others?.showCameras(false)
    }
    const muted = (publication: TrackPublication, of: Participant) => {
      pictures()
      if (of !== room.localParticipant) return
      if (!isLow(publication)) this.#lostOwn(publication)
      if (publication.source === Track.Source.Microphone) void this.#low?.follow()
    }
    room
      .on(RoomEvent.Disconnected, () => this.#lose(room))
      .on(RoomEvent.Reconnecting, () => this.#setStatus('reconnecting'))
      .on(RoomEvent.Reconnected, () => this.#joined(room))
      .on(RoomEvent.TrackPublished, others)
      .on(RoomEvent.TrackSubscribed, (track) => {
        others()
        if (track.kind === Track.Kind.Audio) this.#sound.add(track)
        pictures()
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => {
        this.#sound.remove(track)
        pictures()
      })
      .on(RoomEvent.TrackMuted, muted)
      .on(RoomEvent.TrackUnmuted, muted)
      .on(RoomEvent.TrackStreamStateChanged, pictures)
      .on(RoomEvent.ParticipantConnected, pictures)
      .on(RoomEvent.ParticipantDisconnected, ({ identity }) => {
        this.#reports.forget(identity)
        pictures()
      })
      .on(RoomEvent.LocalTrackPublished, (publication: LocalTrackPublication) =>
        muted(publication, room.localParticipant),
      )
      .on(RoomEvent.LocalTrackUnpublished, (publication: LocalTrackPublication) =>
        muted(publication, room.localParticipant),
      )
      .on(RoomEvent.DataReceived, (payload, from, _kind, about) => {
        if (about !== topic || !from) return
        this.#reports.take(from.identity, payload, Date.now())
        changed('quality')
      })
      .on(RoomEvent.ActiveSpeakersChanged, () => changed('speakers'))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => changed('sound'))
      .on(RoomEvent.ConnectionQualityChanged, () => changed('quality'))
      .on(RoomEvent.ActiveDeviceChanged, () => {
        changed('devices')
        void this.#low?.follow()
      })
  }

  /** Not while reconnecting: livekit-client then takes tracks down and puts them up again. */
  #lostOwn({ source }: TrackPublication): void {
    const device = deviceOf[source]
    if (!device) return
    setTimeout(() => {
      if (this.#status === 'live') this.own.lost(device)
      else this.#o.changed('own')
    }, 0)
  }
}

const deviceOf: Readonly<Record<string, Device | undefined>> = {
  microphone: 'microphone',
  camera: 'camera',
  screen_share: 'screen',
}

/** Says which page's media this is: one who is sent away must not seem to ask again by it. */
function mediaURL(origin: string, page: string): string {
  return `${origin.replace(/^http/, 'ws')}?page=${page}`
}
