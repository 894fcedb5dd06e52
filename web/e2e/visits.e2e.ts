import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { BuiltPage } from './built-page.ts'
import { type Person, TestBrowser } from './browser.ts'
import { Certificate } from './certificate.ts'
import { comeIn, enter, hearsAndSees, openClass } from './people.ts'
import { Server } from './server.ts'

// What a visit loads: the first one in the order of need, the second one nothing, and
// the first after a new version the old page still, whole.

let browser: TestBrowser

beforeAll(async () => {
  browser = await TestBrowser.launch()
})

afterEach(async () => {
  await browser.closePeople()
})

afterAll(async () => {
  await browser.close()
})

/** Waits until the page is kept on the device, the newest that is there. */
const kept = (person: Person): Promise<void> =>
  expect
    .poll(
      () =>
        person.page.evaluate(async () => {
          const found = await navigator.serviceWorker.getRegistration()
          return found?.installing || found?.waiting ? 'coming' : found?.active?.state
        }),
      { message: 'the page is kept' },
    )
    .toBe('activated')

it('a pupil loads the class while writing a name, and at the second visit nothing', async () => {
  const server = await Server.start()
  try {
    const { code } = await openClass(browser, server, '5e B')
    // A teacher comes in with an open microphone.

    const pupil = await browser.person({ phone: true })
    const early = Promise.all(
      ['livekit', 'Lesson'].map((part) =>
        pupil.page.waitForResponse((r) => r.url().includes(`/assets/${part}-`)),
      ),
    )
    await pupil.page.goto(`${server.url}/c/${code}`)
    await early
    const registered = () => pupil.page.evaluate(() => navigator.serviceWorker.getRegistrations())
    expect(await registered(), 'nothing is kept before the class is heard').toEqual([])
    await enter(pupil, 'Amina')
    await hearsAndSees(pupil, 'Amina', 1, 0)
    await kept(pupil)
    await pupil.page.close()

    const again = await pupil.anotherTab()
    const loaded: string[] = []
    const sockets: string[] = []
    again.page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname))
    again.page.on('response', (response) => {
      if (!response.fromServiceWorker()) loaded.push(new URL(response.url()).pathname)
    })
    // What the door said the last time stands there before the server has answered.
    let answer: () => void = () => undefined
    const answered = new Promise<void>((resolve) => (answer = resolve))
    await again.page.route('**/api/codes/*', async (route) => {
      await answered
      await route.continue()
    })
    await again.page.goto(`${server.url}/c/${code}`)
    await again.get('prejoin-name').waitFor()
    expect(await again.page.locator('h1').textContent()).toBe('5e B')
    answer()
    await enter(again, 'Amina')
    await hearsAndSees(again, 'Amina, again', 1, 0)
    expect(loaded.filter((path) => !path.startsWith('/api/'))).toEqual([])
    expect(loaded.length, 'what the API was asked').toBeGreaterThan(0)
    // Browsers open one socket at a time: what is to be heard comes first.
    expect(sockets.slice(0, 2)).toEqual([expect.stringMatching(/^\/rtc/), '/class'])
    expect(browser.failures()).toEqual([])
  } finally {
    await server.stop()
  }
})

it('over HTTPS both sockets are streams of the connection that the page came by', async () => {
  const certificate = await Certificate.make('127.0.0.1')
  const server = await Server.start(undefined, certificate.server)
  const trusting = await TestBrowser.launch({ more: certificate.browser })
  try {
    const { code } = await openClass(trusting, server, '5e B')
    const pupil = await comeIn(trusting, server, code, 'Amina', { phone: true })
    await hearsAndSees(pupil, 'Amina', 1, 0)
    // By pages that are there already: the server's figures are asked for as any page of its own is.
    const streams = () =>
      pupil.page.evaluate(async () => {
        const text = await (await fetch('/metrics')).text()
        return Number(/^preau_signaling_streams_total (\d+)/m.exec(text)?.[1])
      })
    await expect.poll(streams, { message: 'of the teacher and the pupil' }).toBe(4)
    expect(trusting.failures()).toEqual([])
  } finally {
    await trusting.close()
    await server.stop()
    await certificate.remove()
  }
})

it('a new version comes at the next load but one, whole', async () => {
  const site = await BuiltPage.serve()
  try {
    const person = await browser.person()
    const visit = async (): Promise<string> => {
      await person.page.goto(site.url)
      await person.get('landing-screen').waitFor()
      return person.page.evaluate(() => document.documentElement.dataset['build'] ?? 'first')
    }
    expect(await visit()).toBe('first')
    await person.page.evaluate(() => navigator.serviceWorker.register('/sw.js'))
    await kept(person)

    site.next()
    // The server has none of the old files any more: the old page is whole all the same.
    expect(await visit()).toBe('first')
    await person.get('settings-open').click()
    await person.get('settings').waitFor()
    await expect
      .poll(() => person.page.evaluate(async () => (await caches.keys()).length), {
        message: 'the next version is kept beside this one',
      })
      .toBe(2)
    await kept(person)

    site.silence()
    expect(await visit()).toBe('next')
    await person.get('settings-open').click()
    await person.get('settings').waitFor()
    expect(browser.failures()).toEqual([])
  } finally {
    await site.stop()
  }
})

it('of a version that is half there, nothing is kept', async () => {
  const site = await BuiltPage.serve()
  try {
    site.mix()
    const person = await browser.person()
    await person.page.goto(site.url)
    await person.get('landing-screen').waitFor()
    const outcome = await person.page.evaluate(async () => {
      const { installing } = await navigator.serviceWorker.register('/sw.js')
      const state = await new Promise((resolve) => {
        installing?.addEventListener('statechange', () => resolve(installing.state))
      })
      return [state, await caches.keys()]
    })
    expect(outcome).toEqual(['redundant', []])
  } finally {
    await site.stop()
  }
})
