import { afterAll, beforeAll, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import { type Person, TestBrowser } from './browser.ts'
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

/** Waits until frames of so many pictures, and no more, come in a whole second. */
const sees = (person: Person, pictures: number): Promise<void> =>
  expect
    .poll(
      async () => {
        const before = await person.received()
        await person.page.waitForTimeout(1_000)
        return growing(before.frames, (await person.received()).frames)
      },
      { message: 'pictures whose frames come' },
    )
    .toBe(pictures)

it('leaves cameras out when the pupil asks, tells the teacher, and brings them back', async () => {
  const { teacher, code } = await openClass(browser, server, '5e B')
  await turnOn(teacher, 'bar-camera')
  const pupil = await comeIn(browser, server, code, 'Amina', { phone: true })
  await hearsAndSees(pupil, 'Amina', 1, 1)
  await control(pupil, 'bar-camera')
  await sees(teacher, 1)

  await control(pupil, 'class-settings')
  await pupil.get('saver').click()
  await pupil.page.keyboard.press('Escape')
  await expect.poll(() => statusLine(pupil)).toContain('Données économisées')
  await accessible(pupil, 'sparing data')
  await pupil.screenshot('saver-360')
  expect(await pupil.page.locator('video').count()).toBe(0)
  await sees(pupil, 0) // the server sends no more of them
  await hearsAndSees(pupil, 'Amina, sparing', 1, 0)

  await panel(teacher, 'people')
  await expect
    .poll(() => teacher.get('person-link').allTextContents())
    .toEqual([expect.stringMatching(/entend, sans image depuis \d+ s/)])
  await teacher.screenshot('saver-teacher-1280')

  await sees(teacher, 0)
  await pupil.get('status-act').click()
  await hearsAndSees(pupil, 'Amina, again', 1, 1)
  await expect.poll(() => teacher.get('person-link').count()).toBe(0)

  // Her own camera stays off until she says so.
  await expect.poll(() => statusLine(pupil)).toContain('Ta caméra est restée coupée')
  await accessible(pupil, 'after sparing data')
  await pupil.screenshot('saver-after-360')
  await sees(teacher, 0)
  await pupil.get('status-act').click()
  await sees(teacher, 1)
  await expect.poll(() => statusLine(pupil)).not.toContain('Ta caméra')
  expect(browser.failures()).toEqual([])
})
