import {
  capture,
  listDevices,
  onDeviceChange,
  type Capture,
  type DeviceList,
} from '../../media/devices'
import { permissionState } from '../../media/diagnose'
import type { DeviceFailure } from '../../media/failure'
import { meter, type LevelMeter } from '../../media/level'
import { recall, remember } from '../../session/remembered'

export type Tried = 'microphone' | 'camera'
export type TrialState = 'off' | 'starting' | 'on'

const kindOf = { microphone: 'audioinput', camera: 'videoinput' } as const

/** How long whoever goes in at once waits for their devices to be known, ms. */
const patience = 2_000

interface Attempt {
  state: TrialState
  failure: DeviceFailure | undefined
}

/**
 * Trial is the microphone and the camera as they are tried before a class. It owns
 * what it captured; stop() lets the devices go. An attempt that was overtaken by
 * another click is thrown away.
 */
export class Trial {
  #microphone: Attempt = $state({ state: 'off', failure: undefined })
  #camera: Attempt = $state({ state: 'off', failure: undefined })
  #devices: DeviceList = $state.raw({ audioinput: [], videoinput: [], audiooutput: [] })
  #chosen = $state(pick())
  #preview: MediaStreamTrack | undefined = $state.raw()
  #level = $state(0)
  readonly #held: Record<Tried, (Capture & { ok: true }) | undefined> = {
    microphone: undefined,
    camera: undefined,
  }
  readonly #turn: Record<Tried, number> = { microphone: 0, camera: 0 }
  #meter: LevelMeter | undefined
  #frame = 0
  #begun: Promise<void> = Promise.resolve()

  get microphone(): Attempt {
    return this.#microphone
  }
  get camera(): Attempt {
    return this.#camera
  }
  get devices(): DeviceList {
    return this.#devices
  }
  get chosen(): ReturnType<typeof pick> {
    return this.#chosen
  }
  /** The camera's picture, while it is on. */
  get preview(): MediaStreamTrack | undefined {
    return this.#preview
  }
  /** 0 to 1. */
  get level(): number {
    return this.#level
  }

  /** start lists devices, and opens at once what was allowed before: nobody is asked unprepared. */
  start(wanted: Readonly<Record<Tried, boolean>>): void {
    this.#begun = this.#begin(wanted)
  }

  /** begun resolves when it is known what start opens, or a moment later at most. */
  get begun(): Promise<unknown> {
    return Promise.race([this.#begun, new Promise((resolve) => setTimeout(resolve, patience))])
  }

  async #begin(wanted: Readonly<Record<Tried, boolean>>): Promise<void> {
    await this.#list()
    for (const device of ['microphone', 'camera'] as const) {
      if (wanted[device] && (await permissionState(device)) === 'granted')
        void this.set(device, true)
    }
  }

  watch(): () => void {
    return onDeviceChange(() => void this.#list())
  }

  async set(device: Tried, on: boolean): Promise<void> {
    const turn = ++this.#turn[device]
    this.#release(device)
    const attempt = this.#of(device)
    attempt.failure = undefined
    attempt.state = on ? 'starting' : 'off'
    if (!on) return
    const got = await capture(device, this.#chosen[kindOf[device]])
    if (turn !== this.#turn[device]) {
      if (got.ok) got.stop()
      return
    }
    attempt.state = got.ok ? 'on' : 'off'
    if (got.ok) this.#take(device, got)
    else attempt.failure = got.failure
    await this.#list()
  }

  choose(kind: 'audioinput' | 'videoinput' | 'audiooutput', id: string): void {
    this.#chosen[kind] = id
    remember({ [kind]: id })
    if (kind === 'audiooutput') return
    const device = kind === 'audioinput' ? 'microphone' : 'camera'
    if (this.#of(device).state !== 'off') void this.set(device, true)
  }

  stop(): void {
    for (const device of ['microphone', 'camera'] as const) {
      this.#turn[device]++
      this.#release(device)
      this.#of(device).state = 'off'
    }
  }

  #of(device: Tried): Attempt {
    return device === 'microphone' ? this.#microphone : this.#camera
  }

  #take(device: Tried, got: Capture & { ok: true }): void {
    this.#held[device] = got
    if (device === 'camera') {
      this.#preview = got.track
      return
    }
    this.#meter = meter(got.track)
    const read = (): void => {
      this.#level = this.#meter?.read() ?? 0
      this.#frame = requestAnimationFrame(read)
    }
    read()
  }

  #release(device: Tried): void {
    this.#held[device]?.stop()
    this.#held[device] = undefined
    if (device === 'camera') {
      this.#preview = undefined
      return
    }
    cancelAnimationFrame(this.#frame)
    this.#meter?.stop()
    this.#meter = undefined
    this.#level = 0
  }

  async #list(): Promise<void> {
    try {
      this.#devices = await listDevices()
    } catch {
      // A browser that will not list its devices still has its own choice.
    }
  }
}

function pick(): { audioinput: string; videoinput: string; audiooutput: string } {
  const { audioinput, videoinput, audiooutput } = recall()
  return { audioinput, videoinput, audiooutput }
}
