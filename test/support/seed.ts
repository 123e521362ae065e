import fc from 'fast-check';

/** Every run of the suite draws the same cases, so that a failure is of the change and not of the day; MILLRACE_SEED draws others. */
fc.configureGlobal({ seed: Number(process.env['MILLRACE_SEED'] ?? 20_240_229) });
