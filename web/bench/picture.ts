import type { Story } from './figures.ts'
import { steps } from './figures.ts'
import type { Reading } from './readings.ts'

/** A strip of the picture: one quantity over time. */
interface Strip {
  readonly title: string
  readonly unit: string
  readonly lines: readonly Line[]
}

interface Line {
  readonly name: string
  readonly color: string
  /** Seconds from the click, and the value there. */
  readonly points: readonly (readonly [number, number])[]
}

const width = 900
const left = 70
const top = 56
const stripHeight = 110
const gap = 34

/** Draws a run as an SVG: bit rate, round trip, concealment, frames, layer and rung over time. */
export function picture(
  title: string,
  story: Story,
  pupil: readonly Reading[],
  behind: readonly Reading[],
): string {
  const strips = stripsOf(story, pupil, behind)
  const end = Math.max(
    1,
    ...strips.flatMap((s) => s.lines.flatMap((l) => l.points.map(([t]) => t))),
  )
  const x = (t: number) => left + (t / end) * (width - left - 10)
  const height = top + strips.length * (stripHeight + gap)
  const marks = [story.joined, ...story.changes].map((at, i) => {
    const t = (at - story.clicked) / 1000
    return t < 0 ? '' : mark(x(t), height, i === 0 ? 'join' : `link, ${t.toFixed(0)} s`)
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="18" font-size="14">${escaped(title)}</text>`,
    ...strips.map((s, i) => strip(s, top + i * (stripHeight + gap), x, end)),
    ...marks,
    '</svg>\n',
  ].join('\n')
}

function stripsOf(
  story: Story,
  pupil: readonly Reading[],
  behind: readonly Reading[],
): readonly Strip[] {
  const clock = (at: number) => (at - story.clicked) / 1000
  const shown = perSecond(pupil.filter((r) => r.at >= story.clicked))
  const line = (name: string, color: string, of: (a: Reading, b: Reading) => number): Line => ({
    name,
    color,
    points: steps(shown).map(([a, b]) => [clock(b.at), of(a, b)] as const),
  })
  const rate = (of: (r: Reading) => number) => (a: Reading, b: Reading) =>
    ((of(b) - of(a)) * 8) / (b.at - a.at)
  const measured = behind.flatMap((r) =>
    r.at < story.clicked || r.roundTrip === undefined ? [] : [[clock(r.at), r.roundTrip] as const],
  )
  const rates = [
    line(
      'everything',
      '#888',
      rate((r) => r.bytes),
    ),
    line(
      'voice',
      '#c33',
      rate((r) => r.audio.bytes),
    ),
    line(
      'picture',
      '#36c',
      rate((r) => r.video.bytes),
    ),
  ]
  const pair = { name: 'measured by the connection', color: '#36c', points: measured }
  const layer = line('picture', '#36c', (_, b) => b.video.height)
  return [
    { title: 'bit rate', unit: 'kb/s', lines: rates },
    { title: 'round trip', unit: 'ms', lines: [pair] },
    { title: 'concealed', unit: '%', lines: [line('of the samples', '#c33', concealed)] },
    { title: 'frames', unit: '/s', lines: [line('decoded', '#36c', framesPerSecond)] },
    { title: 'layer', unit: 'lines', lines: [layer] },
    { title: `rung: ${rungs}`, unit: '', lines: [line('what arrives', '#393', rung)] },
  ]
}

const rungs = '0 nothing, 1 voice, 2 voice and picture'

const framesPerSecond = (a: Reading, b: Reading): number =>
  ((b.video.frames - a.video.frames) * 1000) / (b.at - a.at)

function concealed(a: Reading, b: Reading): number {
  const samples = b.audio.samples - a.audio.samples
  if (samples <= 0) return a.audio.emitted > 0 ? 100 : 0
  return ((b.audio.concealed - a.audio.concealed) / samples) * 100
}

/** Which rungs of the survival ladder are stood on, from what has arrived. */
export function rung(a: Reading, b: Reading): number {
  if (b.audio.packets <= a.audio.packets) return 0
  return b.video.frames > a.video.frames ? 2 : 1
}

/** The last reading of each second; a width or a round trip is that of the second. */
export function perSecond(list: readonly Reading[]): Reading[] {
  const seconds = new Map<number, Reading>()
  for (const r of list) {
    const second = Math.floor(r.at / 1000)
    const before = seconds.get(second)
    const still = r.video.width === 0 && before !== undefined
    const { width, height } = still ? before.video : r.video
    const roundTrip = r.roundTrip ?? before?.roundTrip
    seconds.set(second, { ...r, roundTrip, video: { ...r.video, width, height } })
  }
  return [...seconds.values()]
}

function strip(s: Strip, from: number, x: (t: number) => number, end: number): string {
  const highest = nice(Math.max(0, ...s.lines.flatMap((l) => l.points.map(([, v]) => v))))
  const y = (v: number) => from + stripHeight - (v / highest) * stripHeight
  const grid = [0, 0.5, 1].map((part) => {
    const at = y(part * highest).toFixed(1)
    return `<path d="M${left} ${at}H${width - 10}" stroke="#ddd"/><text x="${left - 6}" y="${at}" text-anchor="end">${part * highest}</text>`
  })
  const every = end > 60 ? 10 : 5
  for (let t = 0; t <= end; t += every)
    grid.push(
      `<text x="${x(t).toFixed(1)}" y="${from + stripHeight + 12}" text-anchor="middle" fill="#888">${t} s</text>`,
    )
  const keys = s.lines.map((l) => `<tspan fill="${l.color}" dx="8">${escaped(l.name)}</tspan>`)
  const name = `${s.title}${s.unit && `, ${s.unit}`}`
  return [
    `<text x="${left}" y="${from - 5}">${escaped(name)}${keys.join('')}</text>`,
    ...grid,
    ...s.lines.map((l) => {
      const points = l.points.map(([t, v]) => `${x(t).toFixed(1)},${y(v).toFixed(1)}`).join(' ')
      return `<polyline fill="none" stroke="${l.color}" stroke-width="1.5" points="${points}"/>`
    }),
  ].join('\n')
}

const mark = (x: number, height: number, name: string): string =>
  `<path d="M${x.toFixed(1)} 28V${height - 20}" stroke="#c80" stroke-dasharray="3 3"/><text x="${(x + 3).toFixed(1)}" y="34" fill="#a60">${escaped(name)}</text>`

/** The next of 1, 2, 5, 10, 20 … */
function nice(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(highest, 1)))
  return ([1, 2, 5, 10].find((n) => n * power >= highest) ?? 10) * power
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
