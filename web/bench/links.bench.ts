import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { figures } from './figures.ts'
import { nameOf, type Row, rows } from './goals.ts'
import type { Door } from './join.ts'
import { hold } from './lesson.ts'
import { perSecond, picture } from './picture.ts'
import { type Bench, type Result, table, verdict } from './table.ts'

// `make bench-links`; loadtest/README.md says how it is asked.

const run = promisify(execFile)
const asked = (name: string): string => process.env[`BENCH_${name}`] ?? ''

const seconds = Number(asked('SECONDS') || 40)
// Another server does not have our page.
const page = (asked('PAGE') || (asked('URL') ? 'bare' : 'preau')) === 'preau'
const door: Door | undefined = asked('URL')
  ? { url: asked('URL'), key: asked('KEY') || 'devkey', secret: asked('SECRET') || 'secret' }
  : undefined
const chosen = asked('PROFILES')
  .split(/[\s,]+/)
  .filter(Boolean)
const directory = new URL('../../loadtest/results/', import.meta.url)
const results: Result[] = []
const loads: number[] = []
let bench: Bench

it.each(choose().map((row) => [nameOf(row), row] as const))('%s', async (_, row) => {
  try {
    results.push(await measure(row))
  } catch (error) {
    results.push({ row, error: String(error).split('\n')[0] ?? '' })
    throw error
  } finally {
    await writeFile(new URL('table.md', directory), table(bench, busy(), results))
  }
})

beforeAll(async () => {
  await mkdir(directory, { recursive: true })
  bench = await describeBench()
})

afterAll(() => {
  process.stdout.write(`\n${table(bench, busy(), results)}\n`)
})

/** The rows that are asked for, in the table's order. */
function choose(): readonly Row[] {
  const unknown = chosen.filter((name) => !rows.some((r) => nameOf(r) === name))
  if (unknown.length > 0) throw new Error(`no row is called ${unknown.join(', ')}`)
  return rows.filter((r) => chosen.length === 0 || chosen.includes(nameOf(r)))
}

/** A goal that is missed is a result; a run that saw nothing is a failure. */
async function measure(row: Row): Promise<Result> {
  const uplink = row.uplink ?? false
  const recording = await hold({ ...row, uplink, seconds, page, door })
  const { story, pupil, teacher, events, link } = recording
  loads.push(loadavg()[0] ?? 0)
  const seen = figures(recording, uplink)
  const goals = verdict(row, seen)
  const report = {
    row: nameOf(row),
    bench,
    load: busy(),
    goals,
    figures: seen,
    events,
    story,
    pupil: perSecond(pupil),
    teacher: perSecond(teacher),
    link,
  }
  const name = (end: string) => new URL(`${nameOf(row)}.${end}`, directory)
  await writeFile(name('json'), `${JSON.stringify(report, null, 1)}\n`)
  await writeFile(
    name('svg'),
    picture(`${nameOf(row)}: ${row.about}`, story, pupil, uplink ? teacher : pupil),
  )
  expect(pupil.at(-1)?.audio.packets, 'packets of voice').toBeGreaterThan(0)
  return { row, figures: seen }
}

/** At the start: a commit that is made during the run is not what runs. */
async function describeBench(): Promise<Bench> {
  const said = async (...words: [string, ...string[]]) =>
    (await run(words[0], words.slice(1))).stdout.trim()
  const machine = cpus()
  return {
    commit: await said('git', 'describe', '--always', '--dirty', '--exclude=*'),
    machine: `${machine.length} cores (${machine[0]?.model.trim() ?? 'unknown'})`,
    browser: (await said('chromium', '--version')).replace(/ built on.*/, ''),
    server: door ? `the server at ${door.url}` : 'Préau',
    page: page ? 'the page of Préau' : 'livekit-client at its defaults',
    date: new Date().toISOString().slice(0, 10),
  }
}

const busy = (): string =>
  `load average at the rows’ ends ${loads.map((load) => load.toFixed(0)).join(', ') || 'unknown'}`
