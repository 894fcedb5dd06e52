import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hearsBare } from './bare.ts'
import { type Person, TestBrowser } from './browser.ts'
import { Firefox } from './firefox.ts'
import { Network } from './network.ts'
import { hearsAndSees, oneStory, openClass, reads, say, turnOn } from './people.ts'
import { Server } from './server.ts'

// Préau's own page in Firefox: a pupil there, the teacher in Chromium.

let network: Network
let server: Server
let chromium: TestBrowser
let firefox: Firefox
let teacher: Person
let code: string
let pupil: Awaited<ReturnType<Firefox['page']>>

beforeAll(async () => {
  network = await Network.make()
  server = await Server.start(network)
  chromium = await TestBrowser.launch({
    more: [`--unsafely-treat-insecure-origin-as-secure=${server.url}`],
  })
  firefox = await Firefox.launch(undefined, network.address)
})

afterAll(async () => {
  await chromium.close()
  await firefox.close()
  await server.stop()
  await network.close()
})

oneStory(() => chromium)

describe('a pupil with Firefox', () => {
  it('comes in by the link', async () => {
    ;({ teacher, code } = await openClass(chromium, server, '6e B · Histoire'))
    await turnOn(teacher, 'bar-mic')
    await turnOn(teacher, 'bar-camera')
    pupil = await firefox.page()
    await pupil.setViewport({ width: 1280, height: 800 })
    await pupil.goto(`${server.url}/c/${code}`)
    await get('prejoin-name').fill('Inès')
    await get('prejoin-enter').click()
    await get('stage').wait()
  })

  it('hears and sees the teacher, and is heard and seen', async () => {
    await hearsBare(pupil, 'Firefox hears the teacher')
    await get('stage-video').wait()
    for (const id of ['bar-mic', 'bar-camera']) {
      await expect.poll(() => attribute(id, 'aria-busy')).toBeNull()
      if (!(await isOn(id))) await get(id).click()
      await expect.poll(() => isOn(id), { message: id }).toBe(true)
    }
    await hearsAndSees(teacher, 'the teacher', 1, 1)
  })

  it('raises a hand and writes', async () => {
    await get('bar-hand').click()
    await expect.poll(() => teacher.get('hand-item').count()).toBe(1)
    await get('bar-chat').click()
    await get('chat-input').fill('Bonjour de Firefox')
    await get('chat-send').click()
    await reads(teacher, 'the teacher', 'Bonjour de Firefox')
    await say(teacher, 'Bonjour Inès')
    await pupil.locator('::-p-text(Bonjour Inès)').wait()
  })

  it('is told that the class is over', async () => {
    await teacher.get('teacher-menu').click()
    await teacher.get('end-for-all').click()
    await teacher.get('end-confirm').click()
    await get('ended-screen').wait()
  })
})

const get = (id: string) => pupil.locator(`[data-testid="${id}"]`)

const attribute = (id: string, name: string): Promise<string | null> =>
  pupil.$eval(`[data-testid="${id}"]`, (found, key) => found.getAttribute(key), name)

const isOn = async (id: string): Promise<boolean> =>
  ((await attribute(id, 'class')) ?? '').split(' ').includes('on')
