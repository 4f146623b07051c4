// The package ships this module without types of its own; class-transformer's public functions tell nothing of decorators.
declare module 'class-transformer/cjs/storage.js' {
  interface TypeMetadata {
    readonly typeFunction?: () => unknown;
    readonly options?: { readonly discriminator?: unknown };
  }
  type Class = abstract new (...given: never[]) => unknown;
  export const defaultMetadataStorage: {
    findTypeMetadata(target: Class, property: string): TypeMetadata | undefined;
    findTransformMetadatas(target: Class, property: string, direction: number): readonly unknown[];
    findExposeMetadata(target: Class, property: string): unknown;
    findExcludeMetadata(target: Class, property: string): unknown;
    getStrategy(target: Class): 'excludeAll' | 'exposeAll' | 'none';
  };
}
