import type { Figures } from './figures.ts'
import { nameOf, type Row } from './goals.ts'

/** A row and what came of it: figures, or why there are none. */
export type Result =
  { readonly row: Row; readonly figures: Figures } | { readonly row: Row; readonly error: string }

/** On what the table was measured. */
export interface Bench {
  readonly commit: string
  readonly machine: string
  readonly browser: string
  readonly server: string
  readonly page: string
  readonly date: string
}

const heads = [
  'profile',
  'link',
  'concealed',
  'round trip',
  'frames/s',
  'picture',
  'join',
  'sound',
  'else',
  'teacher sent',
  'goals',
]

/** The results in Markdown, with the bench they were measured on. */
export function table(bench: Bench, load: string, results: readonly Result[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    `${bench.server}, commit ${bench.commit}, ${bench.date}: ${bench.page}, ${bench.browser}, on ${bench.machine}; ${load}.`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...results.map((r) => line(cells(r))),
    '',
  ].join('\n')
}

function cells(result: Result): string[] {
  const { row } = result
  if ('error' in result)
    return [
      nameOf(row),
      row.about,
      ...Array<string>(heads.length - 3).fill('–'),
      `**no run**: ${result.error}`,
    ]
  const f = result.figures
  return [
    nameOf(row),
    row.about,
    number(f.concealed, 1, ' %'),
    number(f.roundTrip, 0, ' ms'),
    number(f.frames, 1),
    f.width > 0 ? `${f.width} wide` : 'none',
    number(f.join, 1, ' s'),
    number(f.sound, 1, ' s'),
    further(f),
    `${number(f.sentFrames, 0)}/s${f.starved > 5 ? `, starved ${f.starved.toFixed(0)} %` : ''}`,
    verdict(row, f),
  ]
}

function further({ change, download }: Figures): string {
  if (download !== undefined) return `download ${number(download, 0, ' kb/s')}`
  if (!change) return ''
  return [
    `silence ${number(change.silence, 1, ' s')}`,
    `round trip after 4 s ${number(change.roundTripAfter, 0, ' ms')}`,
    `voice back ${number(change.voiceBack, 1, ' s')}`,
    `picture back ${number(change.pictureBack, 1, ' s')}`,
  ].join(', ')
}

/** Each goal that is missed by name. */
export function verdict(row: Row, f: Figures): string {
  if (row.goals.length === 0) return 'none set'
  const missed = row.goals.filter((g) => !g.reached(f)).map((g) => g.says)
  return missed.length === 0 ? 'reached' : `**not reached**: ${missed.join('; ')}`
}

const number = (value: number | undefined, digits: number, unit = ''): string =>
  value === undefined ? '–' : `${value.toFixed(digits)}${unit}`
