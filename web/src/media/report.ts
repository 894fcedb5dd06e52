// What a pupil's page tells the teachers' of its link: for how long pictures have been
// left out. It travels as a LiveKit data packet (lossy, to teachers only): true for a
// moment, it is said again while it lasts, and forgotten when it is not.

import type { LinkQuality } from './others'

export const topic = 'preau.link'

/** While it lasts, it is said this often, ms. */
export const sayEvery = 10_000
/** What was not said again for so long is not known any more, ms. */
const trustFor = 30_000
/** Pictures that are missing for less are not worth a word, ms. */
const shortest = 3_000
const longest = 86_400 // s
const size = 4 // bytes, a big-endian count of seconds

/** Seconds without pictures, rounded down; 0: they come. */
export function encode(seconds: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, Math.min(longest, Math.max(0, Math.floor(seconds))))
  return bytes
}

/** Undefined: no such report. */
export function decode(bytes: Uint8Array): number | undefined {
  if (bytes.length !== size) return undefined
  const seconds = new DataView(bytes.buffer, bytes.byteOffset, size).getUint32(0)
  return seconds <= longest ? seconds : undefined
}

/** Reports are what others' pages have said, by identity. */
export class Reports {
  readonly #known = new Map<string, { seconds: number; heard: number }>()

  /** One that is not understood changes nothing. */
  take(identity: string, bytes: Uint8Array, now: number): void {
    const seconds = decode(bytes)
    if (seconds === undefined) return
    if (seconds === 0) this.#known.delete(identity)
    else this.#known.set(identity, { seconds, heard: now })
  }

  forget(identity: string): void {
    this.#known.delete(identity)
  }

  /** For how many seconds somebody's page has had no pictures, as last said; 0: it has them, or says nothing. */
  without(identity: string, now: number): number {
    const report = this.#known.get(identity)
    return report && now - report.heard < trustFor ? report.seconds : 0
  }
}

/** Reporter decides when something is to be said. */
export class Reporter {
  #since: number | undefined // when pictures went
  #said: number | undefined // when that was said last

  /** What to say now, in seconds without pictures; undefined: nothing. */
  look(without: boolean, now: number): number | undefined {
    if (!without) {
      const told = this.#said !== undefined
      this.#since = this.#said = undefined
      return told ? 0 : undefined
    }
    this.#since ??= now
    if (now - this.#since < shortest) return undefined
    if (this.#said !== undefined && now - this.#said < sayEvery) return undefined
    this.#said = now
    return Math.floor((now - this.#since) / 1_000)
  }
}

/** A link in one word: what the teacher should know first. */
export type LinkState =
  | { readonly kind: 'good' | 'weak' | 'lost' }
  | { readonly kind: 'without'; readonly seconds: number }

export function linkState(away: boolean, quality: LinkQuality, seconds: number): LinkState {
  if (away || quality === 'lost') return { kind: 'lost' }
  if (seconds > 0) return { kind: 'without', seconds }
  return { kind: quality === 'weak' ? 'weak' : 'good' }
}
