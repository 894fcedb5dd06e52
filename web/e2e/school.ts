import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { TestBrowser } from './browser.ts'
import { Server } from './server.ts'

/** What the tests of a file have in common: the program, and a browser whose people come to it. */
export class School {
  #server: Server | undefined
  #browser: TestBrowser | undefined

  /** Stands from before the file's first test until after its last. */
  constructor(options?: Parameters<typeof TestBrowser.launch>[0]) {
    beforeAll(async () => {
      this.#server = await Server.start()
      this.#browser = await TestBrowser.launch(options)
    })
    afterAll(async () => {
      await this.#browser?.close()
      await this.#server?.stop()
    })
  }

  /** After each test nothing has gone wrong on anybody's page, and everybody is sent home. */
  everyoneGoesHome(): this {
    afterEach(async () => {
      expect(this.browser.failures()).toEqual([])
      await this.browser.closePeople()
    })
    return this
  }

  get server(): Server {
    return standing(this.#server)
  }
  get browser(): TestBrowser {
    return standing(this.#browser)
  }
}

function standing<T>(it: T | undefined): T {
  if (it === undefined) throw new Error('the school stands only while tests run')
  return it
}
