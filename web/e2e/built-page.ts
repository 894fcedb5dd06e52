import { createHash } from 'node:crypto'
import { createServer, type Server as HTTPServer } from 'node:http'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const dist = new URL('../dist/', import.meta.url).pathname

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** The page as it was built, on a port of the kernel's choice, and a next version of it. */
export class BuiltPage {
  #silent = false

  private constructor(
    private files: ReadonlyMap<string, string>,
    private readonly server: HTTPServer,
  ) {}

  static async serve(): Promise<BuiltPage> {
    const names = (await readdir(dist, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && /\.(html|js|css|svg)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
    const files = new Map<string, string>()
    for (const name of names) files.set(name.slice(dist.length), await readFile(name, 'utf8'))
    const server = createServer()
    const page = new BuiltPage(files, server)
    server.on('request', ({ url = '/' }, answer) => {
      if (page.#silent) {
        answer.destroy()
        return
      }
      const path = new URL(url, 'http://page').pathname.slice(1) || 'index.html'
      const text = page.files.get(path)
      const type = types[path.split('.').at(-1) ?? ''] ?? ''
      answer.writeHead(text === undefined ? 404 : 200, {
        'Content-Type': type,
        'Cache-Control': path.startsWith('assets/') ? 'max-age=31536000, immutable' : 'no-cache',
      })
      answer.end(text)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return page
  }

  get url(): string {
    const address = this.server.address()
    if (!address || typeof address === 'string') throw new Error('the page is not served')
    return `http://127.0.0.1:${address.port.toString()}/`
  }

  /** Serves another version: every script has another name and content. */
  next(): void {
    const renamed = [...this.files].map(([name, text]): [string, string] => [
      renamedIn(name),
      renamedIn(text),
    ])
    const files = new Map(renamed)
    const entry = /src="\/(assets\/[^"]+)"/.exec(files.get('index.html') ?? '')?.[1] ?? ''
    files.set(entry, `document.documentElement.dataset.build='next';${files.get(entry) ?? ''}`)
    const worker = (files.get('sw.js') ?? '')
      .replace(/"version":"[^"]+"/, '"version":"next"')
      .replace(/"index":"[^"]+"/, `"index":"${sum(files.get('index.html') ?? '')}"`)
    this.files = files.set('sw.js', worker)
  }

  /** Serves this version's files beside another version's index.html. */
  mix(): void {
    const index = this.files.get('index.html') ?? ''
    this.files = new Map(this.files).set('index.html', `${index}<!-- another -->`)
  }

  /** Nothing is answered any more. */
  silence(): void {
    this.#silent = true
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

const renamedIn = (text: string): string =>
  text.replace(/([A-Za-z_]+-[\w-]{8})\.(js|css)\b/g, '$1-next.$2')

const sum = (text: string): string => createHash('sha256').update(text).digest('hex')
