import type { Entry, Snapshot } from './watch.ts'

/**
 * A page's media at one moment. Counts only grow: where a connection or a track is made anew, its
 * counts go on from the old one's.
 */
export interface Reading {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Milliseconds, measured since the reading before; absent where nothing was measured. */
  readonly roundTrip: number | undefined
  /** Bytes of all packets received. */
  readonly bytes: number
  readonly audio: {
    readonly bytes: number
    readonly packets: number
    /** Samples played, those that were invented among them, and those that came from packets. */
    readonly samples: number
    readonly concealed: number
    readonly emitted: number
    /** Seconds that all emitted samples together waited. */
    readonly delay: number
  }
  readonly video: {
    readonly bytes: number
    readonly frames: number
    /** Of the widest picture that moves. 0: none. */
    readonly width: number
    readonly height: number
  }
  readonly sent: {
    readonly bytes: number
    /** Frames of the widest layer that is being sent. */
    readonly frames: number
    readonly width: number
    /** Whether the encoder holds back for lack of processor time. */
    readonly starved: boolean
  }
}

/** Sums of counts whose sources come and go. */
class Growing {
  readonly #last = new Map<string, number>()
  readonly #sums = new Map<string, number>()

  /** Adds what entries' count has grown by, and says the sum. */
  add(name: string, entries: readonly Entry[], field = name): number {
    return this.grow(
      name,
      entries.reduce((sum, entry) => sum + this.growth(entry, field), 0),
    )
  }

  grow(name: string, by: number): number {
    const sum = (this.#sums.get(name) ?? 0) + by
    this.#sums.set(name, sum)
    return sum
  }

  /** How much an entry's count has grown since it was asked last; at first, all of it. */
  growth(entry: Entry, field: string): number {
    const key = `${entry.id} ${field}`
    const now = number(entry, field)
    const grown = Math.max(0, now - (this.#last.get(key) ?? 0))
    this.#last.set(key, now)
    return grown
  }

  /** What a count has been so far is no growth. */
  from(entries: readonly Entry[], field: string): void {
    for (const entry of entries)
      if (!this.#last.has(`${entry.id} ${field}`)) this.growth(entry, field)
  }
}

/** Reads a page's snapshots, oldest first. */
export function readings(snapshots: readonly Snapshot[]): Reading[] {
  const all = new Growing()
  const moving = new Growing()
  return snapshots.map(({ at, entries }) => {
    const of = (type: string, kind?: string) =>
      entries.filter((e) => e.type === type && (kind === undefined || e.kind === kind))
    return {
      at,
      roundTrip: roundTrip(entries, all),
      bytes: all.add('received', of('transport'), 'bytesReceived'),
      audio: audio(of('inbound-rtp', 'audio'), all),
      video: video(of('inbound-rtp', 'video'), all, moving),
      sent: sent(of('outbound-rtp', 'video'), of('transport'), all, moving),
    }
  })
}

/** Of the selected pair that has carried most: a page may keep a second, idle connection. */
function roundTrip(entries: readonly Entry[], all: Growing): number | undefined {
  const selected = new Set(entries.map((e) => e.selectedCandidatePairId))
  let busiest: Entry | undefined
  for (const pair of entries) {
    if (pair.type !== 'candidate-pair' || !selected.has(pair.id)) continue
    if (!busiest || carried(pair) > carried(busiest)) busiest = pair
  }
  if (!busiest) return undefined
  const answers = all.growth(busiest, 'responsesReceived')
  const waited = all.growth(busiest, 'totalRoundTripTime')
  return answers > 0 ? (waited / answers) * 1000 : undefined
}

const carried = (pair: Entry): number => number(pair, 'bytesReceived') + number(pair, 'bytesSent')

/** A stream that never brought a packet has played nothing but silence: it does not count. */
function audio(streams: readonly Entry[], all: Growing): Reading['audio'] {
  const alive = streams.filter((s) => number(s, 'jitterBufferEmittedCount') > 0)
  for (const field of ['totalSamplesReceived', 'concealedSamples']) all.from(alive, field)
  return {
    bytes: all.add('audio bytes', streams, 'bytesReceived'),
    packets: all.add('audio packets', streams, 'packetsReceived'),
    samples: all.add('totalSamplesReceived', alive),
    concealed: all.add('concealedSamples', alive),
    emitted: all.add('jitterBufferEmittedCount', alive),
    delay: all.add('jitterBufferDelay', alive),
  }
}

function video(streams: readonly Entry[], all: Growing, moving: Growing): Reading['video'] {
  const alive = streams.filter((s) => moving.growth(s, 'framesDecoded') > 0)
  const widest = widestOf(alive)
  return {
    bytes: all.add('video bytes', streams, 'bytesReceived'),
    frames: all.add('framesDecoded', streams),
    width: widest ? number(widest, 'frameWidth') : 0,
    height: widest ? number(widest, 'frameHeight') : 0,
  }
}

function sent(
  layers: readonly Entry[],
  transports: readonly Entry[],
  all: Growing,
  moving: Growing,
): Reading['sent'] {
  const grown = layers.map((l) => ({ layer: l, frames: moving.growth(l, 'framesSent') }))
  const widest = widestOf(grown.filter((g) => g.frames > 0).map((g) => g.layer))
  const frames = grown.find((g) => g.layer === widest)?.frames ?? 0
  return {
    bytes: all.add('sent', transports, 'bytesSent'),
    frames: all.grow('frames of the widest', frames),
    width: widest ? number(widest, 'frameWidth') : 0,
    starved: layers.some((l) => l['qualityLimitationReason'] === 'cpu'),
  }
}

function widestOf(streams: readonly Entry[]): Entry | undefined {
  let widest: Entry | undefined
  for (const s of streams)
    if (!widest || number(s, 'frameWidth') > number(widest, 'frameWidth')) widest = s
  return widest
}

const number = (entry: Entry, field: string): number => {
  const value = entry[field]
  return typeof value === 'number' ? value : 0
}
