import { fileURLToPath } from 'node:url'
import { startClinicApi } from './clinic-api.ts'

export interface Demo {
  /** The demo's whole configuration; it names the variables of `environment`. */
  readonly configFile: string
  readonly environment: { readonly CLINIC_API_URL: string }
  close(): Promise<void>
}

/** Starts what the built-in flow needs: its appointment API on the loopback interface. */
export async function startDemo(): Promise<Demo> {
  const api = await startClinicApi()
  return {
    // Both src/demo and dist/demo stand two levels below the package.
    configFile: fileURLToPath(new URL('../../demo/clinic.yaml', import.meta.url)),
    environment: { CLINIC_API_URL: api.url },
    close: () => api.close(),
  }
}
