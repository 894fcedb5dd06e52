import { afterAll, beforeAll, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import { TestBrowser } from './browser.ts'
import { comeIn, control, hearsAndSees, openClass, panel, statusLine, turnOn } from './people.ts'
import { growing } from './received.ts'
import { Server } from './server.ts'

// A pupil on a phone who spares data: hears the class, sees no faces, and the teacher
// knows it.

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

it('leaves cameras out when the pupil asks, tells the teacher, and brings them back', async () => {
  const { teacher, code } = await openClass(browser, server, '5e B')
  await turnOn(teacher, 'bar-camera')
  const pupil = await comeIn(browser, server, code, 'Amina', { phone: true })
  await hearsAndSees(pupil, 'Amina', 1, 1)

  await control(pupil, 'class-settings')
  await pupil.get('saver').click()
  await pupil.page.keyboard.press('Escape')
  await expect.poll(() => statusLine(pupil)).toContain('Données économisées')
  await accessible(pupil, 'sparing data')
  await pupil.screenshot('saver-360')
  expect(await pupil.page.locator('video').count()).toBe(0)
  // The server sends no more of them: not one frame more in a whole second.
  await expect
    .poll(
      async () => {
        const before = await pupil.received()
        await pupil.page.waitForTimeout(1_000)
        return growing(before.frames, (await pupil.received()).frames)
      },
      { message: 'frames still come' },
    )
    .toBe(0)
  await hearsAndSees(pupil, 'Amina, sparing', 1, 0)

  await panel(teacher, 'people')
  await expect
    .poll(() => teacher.get('person-link').allTextContents())
    .toEqual([expect.stringMatching(/entend, sans image depuis \d+ s/)])
  await teacher.screenshot('saver-teacher-1280')

  await pupil.get('status-act').click()
  await hearsAndSees(pupil, 'Amina, again', 1, 1)
  await expect.poll(() => teacher.get('person-link').count()).toBe(0)
  expect(browser.failures()).toEqual([])
})
