import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build, preview, type PreviewServer } from 'vite'

const root = new URL('..', import.meta.url).pathname

/** The stories (web/stories.html), built as the page is and served from a port of the kernel's choice. */
export class StoriesSite {
  private constructor(
    private readonly server: PreviewServer,
    private readonly directory: string,
  ) {}

  static async start(): Promise<StoriesSite> {
    const directory = await mkdtemp(join(tmpdir(), 'preau-stories-'))
    const common = { root, configFile: false, logLevel: 'warn' } as const
    await build({
      ...common,
      plugins: [svelte()],
      build: {
        outDir: directory,
        emptyOutDir: true,
        reportCompressedSize: false,
        chunkSizeWarningLimit: 1000,
        rollupOptions: { input: join(root, 'stories.html') },
      },
    })
    const server = await preview({
      ...common,
      build: { outDir: directory },
      preview: { host: '127.0.0.1', port: 0 },
    })
    return new StoriesSite(server, directory)
  }

  url(story: string, language: string, theme: string): string {
    const address = this.server.httpServer.address()
    if (!address || typeof address === 'string') throw new Error('the stories are not served')
    const asked = new URLSearchParams({ story, lang: language, theme })
    return `http://127.0.0.1:${address.port.toString()}/stories.html?${asked.toString()}`
  }

  async stop(): Promise<void> {
    await this.server.close()
    await rm(this.directory, { recursive: true, force: true })
  }
}
