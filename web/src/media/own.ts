// One's own microphone, camera and screen: what the person wants against what is
// published. Wanting outlives the connection, so that after a break all is as before;
// a screen must be chosen anew, browsers ask for a click.
//
//   off ──want──▶ starting ──published──▶ on
//    ▲               │ failed, forbidden    │ muted by a teacher, device lost, unwanted
//    └───────────────┴──────────────────────┘

import type { LocalParticipant, Room } from 'livekit-client'
import { failureOf } from './diagnose'
import type { Device, DeviceFailure } from './failure'
import { screenCapture } from './library'

/** Whether the class lets one publish it. later: not let in from the lobby yet. */
export type Permission = 'yes' | 'no' | 'later'

export interface OwnState {
  readonly state: 'off' | 'starting' | 'on'
  readonly failure: DeviceFailure | undefined
}

const devices: readonly Device[] = ['microphone', 'camera', 'screen']
/** The class's own word comes on another socket than the media server's permission. */
const permissionPatience = 3_000

interface Slot {
  wanted: boolean
  busy: boolean
  failure: DeviceFailure | undefined
}

export class OwnMedia {
  readonly #slots: Record<Device, Slot> = { microphone: empty(), camera: empty(), screen: empty() }
  #room: Room | undefined

  constructor(
    private readonly permission: (device: Device) => Permission,
    private readonly changed: () => void,
  ) {}

  state(device: Device): OwnState {
    const { wanted, failure } = this.#slots[device]
    if (!wanted) return { state: 'off', failure }
    return { state: this.#isOn(device) ? 'on' : 'starting', failure }
  }

  async set(device: Device, on: boolean): Promise<void> {
    const slot = this.#slots[device]
    slot.wanted = on
    slot.failure = undefined
    if (on && this.permission(device) === 'no') {
      slot.wanted = false
      slot.failure = { device, kind: 'forbidden' }
    }
    this.changed()
    await this.#settle(device)
  }

  dismiss(device: Device): void {
    this.#slots[device].failure = undefined
    this.changed()
  }

  /** The class's permissions changed: what is no longer allowed is not wanted either. */
  async reconsider(): Promise<void> {
    for (const device of devices) {
      if (this.permission(device) === 'no' && !this.#isOn(device))
        this.#slots[device].wanted = false
    }
    this.changed()
    await Promise.all(devices.map((device) => this.#settle(device)))
  }

  /** A connected room: publishes what is wanted. undefined: the connection is gone. */
  async use(room: Room | undefined): Promise<void> {
    this.#room = room
    if (!room) this.#slots.screen.wanted = false
    this.changed()
    if (room) await Promise.all(devices.map((device) => this.#settle(device)))
  }

  /** The room says that something of one's own was muted or is gone: by a teacher, or the device ended. */
  lost(device: Device): void {
    const slot = this.#slots[device]
    if (this.#room && !slot.busy && !this.#isOn(device)) slot.wanted = false
    this.changed()
  }

  #isOn(device: Device): boolean {
    const me = this.#room?.localParticipant
    if (!me) return false
    if (device === 'microphone') return me.isMicrophoneEnabled
    return device === 'camera' ? me.isCameraEnabled : me.isScreenShareEnabled
  }

  /** Brings what is published to what is wanted; while it works, the latest wish counts. */
  async #settle(device: Device): Promise<void> {
    const slot = this.#slots[device]
    if (slot.busy) return
    slot.busy = true
    try {
      await this.#pursue(device, slot)
    } finally {
      slot.busy = false
      this.changed()
    }
  }

  async #pursue(device: Device, slot: Slot): Promise<void> {
    let room = this.#room
    while (room && slot.wanted !== this.#isOn(device)) {
      if (slot.wanted && this.permission(device) !== 'yes') return
      const wish = slot.wanted
      try {
        await this.#publish(room, device, wish)
        if (wish === slot.wanted && wish !== this.#isOn(device)) {
          if (this.#room === room) slot.wanted = false // a teacher was quicker
          return
        }
      } catch (error) {
        // A connection that broke meanwhile is no failure of the device: wanted stays.
        if (this.#room === room && wish === slot.wanted) await this.#fail(device, slot, error)
      }
      this.changed()
      room = this.#room
    }
  }

  async #publish(room: Room, device: Device, on: boolean): Promise<void> {
    try {
      await enable(room.localParticipant, device, on)
    } catch (error) {
      if (!isForbidden(error)) throw error
      await permissionChange(room)
      await enable(room.localParticipant, device, on)
    }
  }

  async #fail(device: Device, slot: Slot, error: unknown): Promise<void> {
    slot.wanted = false
    slot.failure = isForbidden(error)
      ? { device, kind: 'forbidden' }
      : await failureOf(device, error)
  }
}

function empty(): Slot {
  return { wanted: false, busy: false, failure: undefined }
}

async function enable(me: LocalParticipant, device: Device, on: boolean): Promise<void> {
  switch (device) {
    case 'microphone':
      await me.setMicrophoneEnabled(on)
      return
    case 'camera':
      await me.setCameraEnabled(on)
      return
    case 'screen':
      await me.setScreenShareEnabled(on, screenCapture)
  }
}

/** livekit-client's PublishTrackError carries the status. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 403
}

function permissionChange(room: Room): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(settle, permissionPatience)
    room.localParticipant.once('participantPermissionsChanged', settle)
    function settle(): void {
      clearTimeout(timer)
      room.localParticipant.off('participantPermissionsChanged', settle)
      resolve()
    }
  })
}
