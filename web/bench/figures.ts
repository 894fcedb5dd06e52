import type { Reading } from './readings.ts'

/** When what happened: milliseconds since 1970. */
export interface Story {
  readonly clicked: number
  readonly joined: number
  /** When the link changed: to the worse, and, for the last time, back. */
  readonly changes: readonly number[]
}

/** One run in numbers. What was not seen is absent. */
export interface Figures {
  /** Seconds from the click. */
  readonly join: number
  readonly sound: number | undefined
  /** Per cent of the samples played since the first sound. */
  readonly concealed: number | undefined
  /** Milliseconds, the median since the first sound. */
  readonly roundTrip: number | undefined
  readonly frames: number
  /** Pixels, the median over the seconds in which a picture moved. */
  readonly width: number
  /** kb/s since the first sound. */
  readonly audioRate: number
  readonly videoRate: number
  /** Milliseconds that a sample waited in the jitter buffer, on average. */
  readonly waited: number | undefined
  /** Frames a second of the teacher's widest layer; and per cent of the time it was starved. */
  readonly sentFrames: number
  readonly starved: number
  /** The longest time in seconds between two readings: what a busy machine hides. */
  readonly blind: number
  readonly change: ChangeFigures | undefined
  /** Of the download beside the class, kb/s. */
  readonly download: number | undefined
}

/** What a change of the link did. Seconds and milliseconds. */
export interface ChangeFigures {
  /** The longest silence that began with the first change or later. */
  readonly silence: number
  /** The first round trip measured 4 s after the first change, or later. */
  readonly roundTripAfter: number | undefined
  /** After the last change: the first sound, and the width from before the first change. */
  readonly voiceBack: number | undefined
  readonly pictureBack: number | undefined
}

/** Samples a second of everything that Opus decodes. */
const sampleRate = 48_000

/** A stretch between two readings in which so much of the sound was invented is silence. */
const silent = 0.8

/** What was read while it happened. */
export interface Seen {
  readonly story: Story
  readonly pupil: readonly Reading[]
  readonly teacher: readonly Reading[]
  readonly download?: number | undefined
}

/** With the teacher behind the link, the round trip is theirs. */
export function figures({ story, pupil, teacher, download }: Seen, uplink = false): Figures {
  const behind = uplink ? teacher : pupil
  const first = pupil.find((r) => r.at >= story.clicked && r.audio.emitted > 0)
  const heard = pupil.filter((r) => first !== undefined && r.at >= first.at)
  const from = first?.at ?? story.joined
  const waited = span(heard, (r) => r.audio.delay)
  const emitted = span(heard, (r) => r.audio.emitted)
  const sending = teacher.filter((r) => r.at >= story.joined)
  return {
    join: (story.joined - story.clicked) / 1000,
    sound: first && (first.at - story.clicked) / 1000,
    concealed: first && concealedShare(heard) * 100,
    roundTrip: median(behind.filter((r) => r.at >= from).flatMap((r) => r.roundTrip ?? [])),
    frames: perSecond(heard, (r) => r.video.frames),
    width: median(heard.flatMap((r) => r.video.width || [])) ?? 0,
    audioRate: (perSecond(heard, (r) => r.audio.bytes) * 8) / 1000,
    videoRate: (perSecond(heard, (r) => r.video.bytes) * 8) / 1000,
    waited: emitted > 0 ? (waited / emitted) * 1000 : undefined,
    sentFrames: perSecond(sending, (r) => r.sent.frames),
    starved: share(sending, (r) => r.sent.starved) * 100,
    blind: Math.max(0, ...steps(heard).map(([a, b]) => b.at - a.at)) / 1000,
    change: changeFigures(story.changes, heard, behind),
    download,
  }
}

function changeFigures(
  changes: readonly number[],
  heard: readonly Reading[],
  behind: readonly Reading[],
): ChangeFigures | undefined {
  const [first, last] = [changes[0], changes.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const before = heard.filter((r) => r.at >= first - 5000 && r.at < first)
  const width = Math.max(0, ...before.map((r) => r.video.width))
  const after = heard.filter((r) => r.at >= last)
  const back = (at: number | undefined) => (at === undefined ? undefined : (at - last) / 1000)
  return {
    silence:
      Math.max(0, ...silences(heard).map((s) => (s.from >= first - 500 ? s.to - s.from : 0))) /
      1000,
    roundTripAfter: behind.find((r) => began(r) >= first + 4000)?.roundTrip,
    voiceBack: back(steps(after).find(([a, b]) => !isSilent(a, b))?.[1].at),
    pictureBack: width > 0 ? back(after.find((r) => r.video.width >= width)?.at) : undefined,
  }
}

/** When what was measured began, or later: its answer came within the quarter of a second before. */
const began = (r: Reading): number =>
  r.roundTrip === undefined ? -Infinity : r.at - 250 - r.roundTrip

/** Where nothing is played at all, for lack of a stream, everything counts as invented. */
export function concealedShare(heard: readonly Reading[]): number {
  let invented = 0
  let all = 0
  for (const [a, b] of steps(heard)) {
    const samples = b.audio.samples - a.audio.samples
    const missing = samples > 0 ? 0 : ((b.at - a.at) / 1000) * sampleRate
    invented += b.audio.concealed - a.audio.concealed + missing
    all += samples + missing
  }
  return all > 0 ? invented / all : 0
}

/** Stretches without sound, in milliseconds since 1970. A pause of the speaker is none. */
export function silences(heard: readonly Reading[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  for (const [a, b] of steps(heard)) {
    if (!isSilent(a, b)) continue
    const last = found.at(-1)
    if (last?.to === a.at) last.to = b.at
    else found.push({ from: a.at, to: b.at })
  }
  return found
}

function isSilent(a: Reading, b: Reading): boolean {
  const samples = b.audio.samples - a.audio.samples
  return samples <= 0 || (b.audio.concealed - a.audio.concealed) / samples >= silent
}

export const steps = <T>(list: readonly T[]): [T, T][] =>
  list.slice(1).map((b, i) => [list[i] as T, b])

function span(list: readonly Reading[], of: (r: Reading) => number): number {
  const [first, last] = [list[0], list.at(-1)]
  return first && last ? of(last) - of(first) : 0
}

function perSecond(list: readonly Reading[], of: (r: Reading) => number): number {
  const time = span(list, (r) => r.at)
  return time > 0 ? (span(list, of) / time) * 1000 : 0
}

const share = <T>(list: readonly T[], holds: (of: T) => boolean): number =>
  list.length > 0 ? list.filter(holds).length / list.length : 0

export function median(list: readonly number[]): number | undefined {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
}
