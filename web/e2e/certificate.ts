import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A certificate for HTTPS at an address, and how a browser is told to trust it alone. */
export class Certificate {
  private constructor(
    private readonly directory: string,
    private readonly pin: string,
  ) {}

  static async make(address: string): Promise<Certificate> {
    const directory = await mkdtemp(join(tmpdir(), 'preau-tls-'))
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
    // prettier-ignore
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
      '-days', '2', '-subj', '/CN=test', '-addext', `subjectAltName=IP:${address}`, '-keyout', key, '-out', cert])
    const { publicKey } = new X509Certificate(await readFile(cert))
    const hash = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }))
    return new Certificate(directory, hash.digest('base64'))
  }

  /** Flags of `preau serve`. */
  get server(): readonly string[] {
    return ['--tls-cert', this.file, '--tls-key', join(this.directory, 'key.pem')]
  }

  get file(): string {
    return join(this.directory, 'cert.pem')
  }

  /** Flags of Chromium. */
  get browser(): readonly string[] {
    return [`--ignore-certificate-errors-spki-list=${this.pin}`]
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }
}
