import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { accessible } from './axe.ts'
import { overflow, type Person, TestBrowser } from './browser.ts'
import { comeIn, enter, openClass } from './people.ts'
import { Server } from './server.ts'

// Every screen in both languages and both sizes: axe finds nothing, nothing
// sticks out sideways, and a picture is kept to be looked at.

let server: Server
let browser: TestBrowser

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
})

afterEach(() => browser.closePeople())

afterAll(async () => {
  await browser.close()
  await server.stop()
})

const sizes: [string, boolean][] = [
  ['360', true],
  ['1280', false],
]

describe.each(['fr-FR', 'en-GB'])('in %s', (language) => {
  describe.each(sizes)('at %s', (size, phone) => {
    const look = async (person: Person, screen: string) => {
      await accessible(person, `${screen} ${language} ${size}`)
      expect(await overflow(person), `${screen} is wider than the screen`).toBe(0)
      await person.screenshot(`${screen}-${size}-${language.slice(0, 2)}`)
    }

    it('landing, help, a wrong code', async () => {
      const person = await browser.person({ phone, language })
      await person.page.goto(server.url)
      await person.get('landing-title').waitFor()
      await look(person, 'landing')
      await person.get('help-open').first().click()
      await look(person, 'help')
      await person.page.keyboard.press('Escape')
      await person.get('landing-code').fill('0000-0000')
      await person.get('landing-join').click()
      await expect
        .poll(() => person.get('landing-code').getAttribute('aria-invalid'), { timeout: 10_000 })
        .toBe('true')
      await look(person, 'wrong-code')
      await person.close()
    })

    it('pre-join, with and without the right to a camera', async () => {
      const { teacher, code } = await openClass(browser, server, 'Histoire')
      const allowed = await browser.person({ phone, language })
      await allowed.page.goto(`${server.url}/c/${code}`)
      await allowed.get('prejoin-name').waitFor()
      await look(allowed, 'prejoin')
      await allowed.close()

      const refused = await browser.person({ phone, language })
      await refused.page.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = () =>
          Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))
      })
      await refused.page.goto(`${server.url}/c/${code}`)
      await refused.get('prejoin-name').waitFor()
      await look(refused, 'prejoin-refused')
      await enter(refused, 'Sans micro')
      await refused.get('stage').waitFor()
      await look(refused, 'class-empty')
      await refused.close()
      await teacher.close()
    })

    it('class panels and dialogs', async () => {
      const { teacher, code } = await openClass(browser, server, 'Musique')
      const pupil = await comeIn(browser, server, code, 'Zoé', { phone, language })
      await pupil.get('stage').waitFor()
      for (const name of ['people', 'chat']) {
        const button = pupil.get(`bar-${name}`).first()
        if (await button.isVisible()) await button.click()
        else if (phone) {
          await pupil.get('bar-more').click()
          await pupil.get(`bar-${name}`).last().click()
        } else await pupil.get(`tab-${name}`).first().click()
        await pupil.get(`panel-${name}`).waitFor()
        await look(pupil, `panel-${name}`)
        if (phone) await pupil.get('panel-close').click()
      }
      if (phone) {
        await pupil.get('bar-more').click()
        await look(pupil, 'more')
      }
      await pupil.close()
      await teacher.get('invite-open').first().click()
      await look(teacher, `invite-teacher`)
      await teacher.close()
    })
  })
})

describe('the keyboard alone', () => {
  it('opens a class, raises a hand and writes in the chat', async () => {
    const person = await browser.person()
    const { page } = person
    await page.goto(server.url)
    await reach(person, 'landing-title')
    await page.keyboard.type('Clavier')
    await page.keyboard.press('Enter')
    await person.get('prejoin-name').waitFor()
    await reach(person, 'prejoin-name')
    await page.keyboard.type('Mme Clavier')
    await page.keyboard.press('Enter')
    await person.get('stage').waitFor()
    await reach(person, 'bar-mic')
    await expect
      .poll(() =>
        page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle),
      )
      .not.toBe('none')
    await reach(person, 'bar-chat')
    await page.keyboard.press('Enter')
    await reach(person, 'chat-input')
    await page.keyboard.type('Au clavier')
    await page.keyboard.press('Enter')
    await expect.poll(() => person.get('chat-message').count()).toBe(1)
    await person.close()
  })
})

/** Presses Tab until the control has the focus. */
async function reach(person: Person, id: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    const here = await person.page.evaluate(
      (wanted) =>
        document.activeElement?.closest('[data-testid]')?.getAttribute('data-testid') === wanted,
      id,
    )
    if (here) return
    await person.page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard never reached ${id}`)
}
