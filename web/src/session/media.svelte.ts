// The media of the class as runes, with people by their participant ids.

import {
  idOfIdentity,
  isHere,
  isTeacher,
  isWaiting,
  may,
  mayUnmute,
  openMicrophones,
  presentPeople,
} from '../class/questions'
import { backoff } from '../class/backoff'
import { watchNetwork } from '../class/environment'
import { listDevices, onDeviceChange, type DeviceList } from '../media/devices'
import type { Device } from '../media/failure'
import { meter, type LevelMeter } from '../media/level'
import type { Permission } from '../media/own'
import type { Picture, VideoSource } from '../media/picture'
import { linkState, Reporter, type LinkState } from '../media/report'
import { MediaRoom, type DeviceKind, type MediaOptions, type MediaTopic } from '../media/room'
import { Changes } from './changes.svelte'
import type { ClassMedia, WithoutPicture } from './classroom'
import { Presence, Role, Source, type State } from '../gen/class_pb'
import type { ClassLink } from './link.svelte'
import { remember } from './remembered'
import { Saver } from './saver.svelte'

type Given = Pick<
  MediaOptions,
  | 'origin'
  | 'page'
  | 'token'
  | 'teacher'
  | 'audioinput'
  | 'videoinput'
  | 'audiooutput'
  | 'refreshed'
>

export class LiveMedia implements ClassMedia {
  readonly #link: ClassLink
  readonly #teacher: boolean
  readonly #room: MediaRoom
  readonly #topics: Record<MediaTopic, Changes>
  readonly #place = document.createElement('div')
  readonly #unwatch: () => void
  #devices: DeviceList = $state.raw({ audioinput: [], videoinput: [], audiooutput: [] })
  #meter: { track: MediaStreamTrack; meter: LevelMeter } | undefined
  #permissions = ''
  readonly #saver: Saver
  #cameraCut = $state(false)
  readonly #reporter = new Reporter()

  constructor(link: ClassLink, given: Given) {
    this.#link = link
    this.#teacher = given.teacher
    this.#topics = {
      status: new Changes(),
      own: new Changes(),
      pictures: new Changes(),
      speakers: new Changes(),
      sound: new Changes(),
      devices: new Changes(),
      quality: new Changes(),
    }
    this.#place.hidden = true
    document.body.append(this.#place)
    this.#room = new MediaRoom({
      ...given,
      place: this.#place,
      permission: (device) => permissionOf(link, device),
      changed: (topic) => this.#changed(topic),
      observe: () => this.#topics.pictures.read(),
      roundTrip: () => link.roundTrip,
      wait: (attempt) => backoff(attempt, Math.random()),
    })
    const forget = [
      onDeviceChange(() => void this.#list()),
      watchNetwork((change) => {
        if (change !== 'offline') this.poke()
      }),
    ]
    this.#unwatch = () => forget.forEach((f) => f())
    this.#saver = new Saver({
      link: () => ({
        link: this.#room.quality(this.#identity(link.id)),
        starved: this.#room.starved,
      }),
      changed: (saving) => this.#save(saving),
      second: () => this.#report(),
    })
    this.#room.showCameras(this.#saver.reason === undefined)
    link.onView(() => this.#reconsider())
  }

  /** Connects, and publishes what is wanted as soon as the class allows. */
  start(wanted: { readonly microphone: boolean; readonly camera: boolean }): void {
    this.#room.start()
    this.#saver.start()
    if (wanted.microphone) void this.#room.own.set('microphone', true)
    const spares = this.#saver.reason !== undefined && this.#mayCut
    if (wanted.camera && !spares) void this.#room.own.set('camera', true)
    this.#cameraCut = wanted.camera && spares
    void this.#list()
  }

  /** The class came back: so may its media. */
  poke(): void {
    this.#room.poke()
  }

  stop(): void {
    this.#room.stop()
    this.#saver.stop()
    this.#unwatch()
    this.#stopMeter()
    this.#place.remove()
  }

  get status() {
    this.#topics.status.read()
    return this.#room.status
  }
  get microphone() {
    return this.#own('microphone')
  }
  get camera() {
    return this.#own('camera')
  }
  get screen() {
    return this.#own('screen')
  }
  get speakers(): readonly string[] {
    this.#topics.speakers.read()
    // The media server tells a second later than the class that a microphone is off.
    const open = openMicrophones(this.#link.view)
    return this.#room
      .speakers()
      .flatMap((identity) => idOfIdentity(this.#link.view, identity) ?? [])
      .filter((id) => open.has(id))
  }
  get soundBlocked() {
    this.#topics.sound.read()
    this.#topics.status.read()
    return this.#room.soundBlocked
  }
  get devices() {
    return this.#devices
  }
  get chosen() {
    this.#topics.devices.read()
    return { ...this.#room.chosen }
  }

  level(id: string): number {
    return id === this.#link.id ? this.#ownLevel() : this.#room.level(this.#identity(id))
  }

  picture(id: string, source: VideoSource): Picture | undefined {
    this.#topics.pictures.read()
    if (this.#leftOut(id, source)) return undefined
    return this.#room.picture(this.#identity(id), source)
  }

  withoutPicture(id: string, source: VideoSource): WithoutPicture | undefined {
    this.#topics.pictures.read()
    const picture = this.#room.picture(this.#identity(id), source)
    if (!picture) return undefined
    if (this.#leftOut(id, source)) return 'spared'
    return picture.paused ? 'paused' : undefined
  }

  get saver() {
    return this.#saver.reason
  }
  get cameraCut() {
    return this.#cameraCut && this.camera.state === 'off'
  }
  forgetCut(): void {
    this.#cameraCut = false
  }
  setSaver(on: boolean): void {
    this.#saver.set(on)
  }

  quality(id: string) {
    this.#topics.quality.read()
    return this.#room.quality(this.#identity(id))
  }

  linkOf(id: string): LinkState {
    const away = this.#link.view.participants[id]?.presence === Presence.AWAY
    return linkState(away, this.quality(id), this.#room.withoutPictures(this.#identity(id)))
  }

  playSound(): Promise<void> {
    return this.#room.playSound()
  }
  async setMicrophone(on: boolean): Promise<void> {
    remember({ microphone: on })
    await this.#room.own.set('microphone', on)
    await this.#list()
  }
  async setCamera(on: boolean): Promise<void> {
    remember({ camera: on })
    this.#cameraCut = false
    await this.#room.own.set('camera', on)
    await this.#list()
  }
  setScreen(on: boolean): Promise<void> {
    return this.#room.own.set('screen', on)
  }
  dismissFailure(device: Device): void {
    this.#room.own.dismiss(device)
  }
  async choose(kind: DeviceKind, id: string): Promise<void> {
    remember({ [kind]: id })
    await this.#room.choose(kind, id)
  }

  /** Teachers are told for how long a pupil has seen no pictures. */
  #report(): void {
    const { view, id } = this.#link
    const spared = () => this.#saver.reason !== undefined && hasOthersCamera(view, id)
    const seconds = this.#reporter.look(this.#room.starved || spared(), Date.now())
    if (seconds === undefined || isTeacher(view, id)) return
    const teachers = presentPeople(view).filter((p) => p.role === Role.TEACHER)
    void this.#room.tell(
      seconds,
      teachers.flatMap((p) => p.profile?.identity ?? []),
    )
  }

  #leftOut(id: string, source: VideoSource): boolean {
    return this.#saver.reason !== undefined && source === Source.CAMERA && id !== this.#link.id
  }

  /** A lesson may hang on its teacher's camera: only they switch it off. */
  get #mayCut(): boolean {
    return !this.#teacher || this.#saver.reason === 'wish'
  }

  #save(saving: boolean): void {
    this.#room.showCameras(!saving)
    // One's own camera comes back by one's own hand alone.
    if (saving && this.#mayCut && this.#room.own.state('camera').state !== 'off') {
      this.#cameraCut = true
      void this.#room.own.set('camera', false)
    }
  }

  #own(device: Device) {
    this.#topics.own.read()
    return this.#room.own.state(device)
  }

  #identity(id: string): string {
    return this.#link.view.participants[id]?.profile?.identity ?? ''
  }

  #changed(topic: MediaTopic): void {
    this.#topics[topic].bump()
    if (topic === 'own' && this.#meter && this.#room.own.state('microphone').state !== 'on') {
      this.#stopMeter()
    }
  }

  /** Asks for nothing anew unless something about permissions changed. */
  #reconsider(): void {
    const devices = ['microphone', 'camera', 'screen'] as const
    const now = devices.map((device) => permissionOf(this.#link, device)).join()
    if (now === this.#permissions) return
    this.#permissions = now
    void this.#room.own.reconsider()
  }

  /** Measured here, so that one sees at once that one is heard. */
  #ownLevel(): number {
    const track = this.#room.microphoneTrack
    if (!track || this.#room.own.state('microphone').state !== 'on') return 0
    if (this.#meter?.track !== track) {
      this.#stopMeter()
      this.#meter = { track, meter: meter(track) }
    }
    return this.#meter?.meter.read() ?? 0
  }

  #stopMeter(): void {
    this.#meter?.meter.stop()
    this.#meter = undefined
  }

  async #list(): Promise<void> {
    try {
      this.#devices = await listDevices()
    } catch {
      // the list of before stays
    }
  }
}

function hasOthersCamera({ tracks }: State, me: string): boolean {
  return Object.values(tracks).some(
    (t) => t.source === Source.CAMERA && !t.muted && t.participant !== me,
  )
}

function permissionOf({ view, id, me }: ClassLink, device: Device): Permission {
  if (!me || isWaiting(view, id) || !isHere(me)) return 'later'
  const allowed = device === 'microphone' ? mayUnmute(view, id) : may(view, id, device)
  return allowed ? 'yes' : 'no'
}
