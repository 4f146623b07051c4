// Import directions. A broken rule prints its comment: that is what to do instead.
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Move what both files need into a third one, or pass it in: files in a circle cannot be understood or tested alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'imports-resolve',
      comment:
        'The import leads nowhere: check the path and its `.js` ending, or the name of the library after `#libs/`.',
      severity: 'error',
      // Test processes run what was compiled; a fresh clone has no `dist` yet.
      from: { pathNot: '^test/support/.+\\.mjs$' },
      to: { couldNotResolve: true },
    },
    {
      name: 'providers-enter-by-the-registry',
      comment:
        'Ask src/providers/registry.ts for the definition: deleting a provider must mean its folder and one line, nothing else.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/providers/registry\\.ts$|\\.spec\\.ts$' },
      to: { path: '^libs/providers/' },
    },
    {
      name: 'libraries-by-their-index',
      comment:
        "Import from '#libs/<name>' and export what you need in its src/index.ts: the rest of a library is its own business.",
      severity: 'error',
      from: { path: '^(src|test|migrations|bench|simulation)/' },
      to: {
        path: '^libs/',
        pathNot:
          '^libs/(primitives|provider-kit|sdk|providers/[^/]+|simulators/[^/]+)/src/index\\.ts$|^libs/provider-kit/conformance/',
      },
    },
    {
      name: 'libraries-by-their-index-among-themselves',
      comment:
        "Import from '#libs/<name>' and export what you need in its src/index.ts: the rest of a library is its own business.",
      severity: 'error',
      from: { path: '^libs/((?:providers/|simulators/)?[^/]+)/' },
      to: {
        path: '^libs/',
        pathNot:
          '^libs/$1/|^libs/(primitives|provider-kit|sdk|providers/[^/]+|simulators/[^/]+)/src/index\\.ts$|^libs/provider-kit/conformance/',
      },
    },
    {
      name: 'providers-stand-alone',
      comment:
        'An adapter imports provider-kit and primitives only. What two adapters share belongs into provider-kit, and what an adapter needs of the world comes through ProviderDeps.',
      severity: 'error',
      from: { path: '^libs/providers/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(src|libs|test|migrations|web)/', pathNot: '^libs/(providers/$1|provider-kit/src|primitives)/' },
    },
    {
      name: 'provider-specs-stand-alone',
      comment:
        "An adapter's spec imports its own adapter, the kit with its conformance suite, primitives and simulators: another adapter's spec is no place to test it.",
      severity: 'error',
      from: { path: '^libs/providers/([^/]+)/.+\\.spec\\.ts$' },
      to: {
        path: '^(src|libs|test|migrations|web)/',
        pathNot: '^libs/(providers/$1|provider-kit|primitives|simulators)/',
      },
    },
    {
      name: 'provider-kit-knows-no-provider',
      comment:
        'The kit imports primitives only: a fact about one provider belongs into its definition, a shared rule into the contract.',
      severity: 'error',
      from: { path: '^libs/provider-kit/' },
      to: { path: '^(src|libs|test|migrations|web)/', pathNot: '^libs/(provider-kit|primitives)/' },
    },
    {
      name: 'conformance-is-for-tests',
      comment: 'Only specs and tests import the conformance suite: it needs jest, and is not part of the build.',
      severity: 'error',
      from: { pathNot: '^libs/provider-kit/conformance/|\\.spec\\.ts$|^test/' },
      to: { path: '^libs/provider-kit/conformance/' },
    },
    {
      name: 'simulators-share-nothing',
      comment:
        'Write it again from the provider’s documents: a simulator that shares code with us shares our mistakes. (A simulator may use files beside it in libs/simulators.)',
      severity: 'error',
      from: { path: '^libs/simulators/' },
      to: { path: '^(src|libs|test|migrations|web)/', pathNot: '^libs/simulators/' },
    },
    {
      name: 'primitives-and-sdk-share-nothing',
      comment:
        'Primitives and the SDK import nothing of ours: the one is below everything, the other is installed without us.',
      severity: 'error',
      from: { path: '^libs/(primitives|sdk)/' },
      to: { path: '^(src|libs|test|migrations|web)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'libraries-are-plain-typescript',
      comment:
        'Libraries know no framework, database or queue. Take what you need as an interface, and let src give the implementation.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^src/|node_modules/(@nestjs/|typeorm/|mysql2/|@photostructure/sqlite/|bull/|bullmq/|ioredis/)' },
    },
    {
      name: 'simulators-are-not-the-gateway',
      comment: 'The gateway starts simulators as processes of their own: speak HTTP to them. Only tests import them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/(simulators|sdk)/' },
    },
    {
      name: 'tests-are-not-production',
      comment: 'Move what production code needs out of the spec or of test/: those are not in the build.',
      severity: 'error',
      from: { path: '^(src|libs|migrations)/', pathNot: '\\.spec\\.ts$|^libs/provider-kit/conformance/' },
      to: { path: '\\.spec\\.ts$|^test/' },
    },
    {
      name: 'simulation-is-not-production',
      comment:
        'The simulation surrounds the gateway and is no part of it: a seam it needs is given in src/config, not imported.',
      severity: 'error',
      from: { path: '^(src|libs|migrations)/' },
      to: { path: '^simulation/' },
    },
    {
      name: 'migrations-stand-alone',
      comment:
        'A migration is written once and never follows later code: spell its SQL, names and constants out in it.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|libs|test|web)/' },
    },
    {
      name: 'no-development-packages-in-production',
      comment: 'Add the package to `dependencies`, or do without: production installs leave development packages out.',
      severity: 'error',
      from: { path: '^(src|libs|migrations)/', pathNot: '\\.spec\\.ts$|^libs/provider-kit/conformance/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'Name the package in package.json: one that came along with another may leave with it.',
      severity: 'error',
      from: { path: '^(src|libs|migrations|test|simulation)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-deprecated-core',
      comment: 'Node has deprecated this module: use what its documentation names instead.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['deprecated'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|data|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      // `types` first: `#libs/*` must lead to the sources, not to a build that may not exist.
      conditionNames: ['types', 'import', 'node', 'default'],
      mainFields: ['main', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.d.ts', '.json'],
    },
  },
};
