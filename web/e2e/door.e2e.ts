import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Person } from './browser.ts'
import { control, enter, hearsAndSees, isOn, openClass } from './people.ts'
import { School } from './school.ts'
import { message } from './words.ts'

// The ways in: a code typed, a link followed, a QR code scanned; and the look at one's own devices
// before the door.

const run = promisify(execFile)

const school = new School({
  more: ['--use-fake-device-for-media-stream=fps=10,device-count=2'],
}).everyoneGoesHome()

describe('the code on the landing page', () => {
  it('leads into the class, however it is typed', async () => {
    const { teacher, code } = await openClass(school.browser, school.server, '4e C · Physique')
    const typed = [code, `${code.slice(0, 4)}-${code.slice(4)}`, code.toLowerCase()]
    for (const [i, text] of typed.entries()) {
      const pupil = await school.browser.person({ phone: i === 0 })
      await pupil.page.goto(school.server.url)
      await pupil.get('landing-code').fill(text)
      await pupil.get('landing-join').click()
      await enter(pupil, `Élève ${i.toString()}`)
      await pupil.get('stage').waitFor()
    }
    await expect.poll(() => teacher.get('person-row').count()).toBe(typed.length + 1)
  })
})

describe('the invitation', () => {
  it('copies link and code, and its QR code is the link', async () => {
    const { teacher, code } = await openClass(school.browser, school.server, '4e C · Physique')
    await control(teacher, 'invite-open')
    const link = `${school.server.url}/c/${code}`
    expect(await teacher.get('invite-link').textContent()).toBe(link)
    expect(await copies(teacher, 'invite-copy-link')).toBe(link)
    expect(await copies(teacher, 'invite-copy-code')).toBe(
      await teacher.get('invite-code').textContent(),
    )
    expect(await scan(teacher)).toBe(link)
  })
})

describe('the look before the door', () => {
  it('shows the camera and hears the microphone, which come along', async () => {
    const { teacher, code } = await openClass(school.browser, school.server, '4e C · Physique')
    const pupil = await atTheDoor(code)
    await micIsOn(pupil)
    const words = pupil.page.getByText(message('fr', 'mic_works'))
    await words.waitFor({ timeout: 30_000 }) // the voice speaks now and then
    await pupil.get('prejoin-camera').check()
    await expect.poll(() => pictures(pupil)).toBeGreaterThan(3)

    await enter(pupil, 'Nora')
    await pupil.get('stage').waitFor()
    for (const id of ['bar-mic', 'bar-camera']) {
      await expect.poll(() => isOn(pupil, id), { message: id }).toBe(true)
    }
    await hearsAndSees(teacher, 'the teacher', 1, 1)
  })

  it('takes the devices that were chosen, here and in the class', async () => {
    const { code } = await openClass(school.browser, school.server, '4e C · Physique')
    const pupil = await atTheDoor(code)
    await micIsOn(pupil)
    await pupil.get('prejoin-camera').check()
    const camera = await choose(pupil, 'prejoin-device-camera')
    await expect.poll(() => previewed(pupil)).toBe(camera)
    const microphone = await choose(pupil, 'prejoin-device-mic')

    await enter(pupil, 'Nora')
    await pupil.get('stage').waitFor()
    await expect.poll(() => sending(pupil)).toEqual([microphone, camera].sort())
    await control(pupil, 'class-settings')
    expect(await chosen(pupil, 'device-audioinput')).toBe(microphone)
    expect(await chosen(pupil, 'device-videoinput')).toBe(camera)
  })

  it('asks nobody for a device before a click', async () => {
    const { code } = await openClass(school.browser, school.server, '4e C · Physique')
    const pupil = await school.browser.person({ prepare: countQuestions })
    await pupil.page.goto(`${school.server.url}/c/${code}`)
    await pupil.get('prejoin-name').waitFor()
    await enter(pupil, 'Nora')
    await pupil.get('stage').waitFor()
    expect(await isOn(pupil, 'bar-mic')).toBe(false)
    expect(await questions(pupil)).toBe(0)
    await pupil.get('bar-mic').click()
    await expect.poll(() => questions(pupil)).toBeGreaterThan(0)
  })
})

/**
 * Counts how often a page asks for a device, in a browser that would pass the question on to the
 * person; the test's own answers at once. Runs in the page.
 */
function countQuestions(): void {
  const query = navigator.permissions.query.bind(navigator.permissions)
  navigator.permissions.query = async (what) =>
    Object.defineProperty(await query(what), 'state', { value: 'prompt' })
  const counter = window as unknown as { questions: number }
  counter.questions = 0
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  navigator.mediaDevices.getUserMedia = (what) => {
    counter.questions++
    return ask(what)
  }
}

const questions = (person: Person): Promise<number> =>
  person.page.evaluate(() => (window as unknown as { questions: number }).questions)

async function atTheDoor(code: string): Promise<Person> {
  const pupil = await school.browser.person()
  await pupil.page.goto(`${school.server.url}/c/${code}`)
  await pupil.get('prejoin-name').waitFor()
  return pupil
}

/** A microphone that was allowed before is opened without a click. */
async function micIsOn(person: Person): Promise<void> {
  await expect.poll(() => person.get('prejoin-mic').isChecked()).toBe(true)
}

/** Presses a copy button; yields what is then to be pasted. */
async function copies(person: Person, id: string): Promise<string> {
  await person.get(id).click()
  await expect.poll(() => person.get(id).textContent()).toContain(message('fr', 'copied'))
  return person.page.evaluate(() => navigator.clipboard.readText())
}

/** Reads the QR code off the screen, as a phone's camera would. */
async function scan(person: Person): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'preau-qr-'))
  try {
    const path = join(directory, 'code.png')
    await person.page.getByRole('img', { name: message('fr', 'invite_qr') }).screenshot({ path })
    const { stdout } = await run('zbarimg', ['--quiet', '--raw', path])
    return stdout.trim()
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** How many pictures the preview has shown. */
const pictures = (person: Person): Promise<number> =>
  person
    .get('prejoin-preview')
    .evaluate((v) => (v as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames)

/** The name of the camera that the preview shows. */
const previewed = (person: Person): Promise<string | undefined> =>
  person
    .get('prejoin-preview')
    .evaluate((v) => ((v as HTMLVideoElement).srcObject as MediaStream).getTracks()[0]?.label)

/** Chooses the last device of a list, which is not the system's own choice; yields its name. */
async function choose(person: Person, id: string): Promise<string> {
  // The list comes once the camera has been opened.
  const options = person.get(id).locator('option')
  await expect.poll(() => options.count(), { message: `devices of ${id}` }).toBeGreaterThan(2)
  const names = await options.allTextContents()
  const name = names.at(-1) ?? ''
  await person.get(id).selectOption(name)
  return name
}

const chosen = (person: Person, id: string): Promise<string | undefined> =>
  person.get(id).evaluate((s) => (s as HTMLSelectElement).selectedOptions[0]?.textContent)

/** The names of the devices whose sound and picture are sent, in order. */
const sending = (person: Person): Promise<string[]> =>
  person.page.evaluate(() => {
    const all = (window as unknown as { allConnections: RTCPeerConnection[] }).allConnections
    const labels = all.flatMap((pc) => pc.getSenders().map((s) => s.track?.label ?? ''))
    return [...new Set(labels)].filter(Boolean).sort()
  })
