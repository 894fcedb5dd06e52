import { mkdir, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { told, visits } from './visits.ts'

// `make bench-visits`; loadtest/README.md says how it is asked.

const profile = process.env['BENCH_PROFILES'] ?? 'edge'
const pupils = Number(process.env['BENCH_VISITS'] ?? 10)

it(
  `${pupils.toString()} pupils come twice behind ${profile}`,
  async () => {
    const seen = await visits(profile, pupils)
    const directory = new URL('../../loadtest/results/', import.meta.url)
    await mkdir(directory, { recursive: true })
    const report = `${JSON.stringify({ profile, ...seen }, null, 1)}\n`
    await writeFile(new URL(`visits-${profile}.json`, directory), report)
    process.stdout.write(`\nfirst visit:  ${told(seen.cold)}\nsecond visit: ${told(seen.warm)}\n`)
    expect(seen.warm.length).toBe(pupils)
  },
  pupils * 120_000,
)
