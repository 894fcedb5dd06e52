import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import { TestBrowser } from './browser.ts'
import { enter } from './people.ts'
import { program, Server } from './server.ts'

// The links that an operator makes, and a pupil who is there before the teacher.

const run = promisify(execFile)
let server: Server
let browser: TestBrowser

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

it('keeps an early pupil waiting until the teacher opens the class', async () => {
  const args = [
    'link',
    '--dev',
    '--no-lobby',
    '--class',
    '6a',
    '--title',
    '6e A',
    '--url',
    server.url,
  ]
  const { stdout } = await run(program, args)
  const link = (who: string) => new RegExp(`${who}:\\s+(\\S+)`).exec(stdout)?.[1] ?? ''

  const pupil = await browser.person({ phone: true })
  await pupil.page.goto(link('pupils'))
  await enter(pupil, 'Amina')
  await pupil.get('early-screen').waitFor()
  await accessible(pupil, 'before the class')
  await pupil.screenshot('early-360')

  const teacher = await browser.person()
  await teacher.page.goto(link('teacher'))
  await enter(teacher, 'M. Petit')
  await teacher.get('stage').waitFor()
  await pupil.get('stage').waitFor()
  await expect.poll(() => teacher.get('person-row').filter({ hasText: 'Amina' }).count()).toBe(1)
  expect([...pupil.failures, ...teacher.failures]).toEqual([])
})
