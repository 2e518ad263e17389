/** Exports of `hourglass-autoencoders/plugin`, for plugins. They are stable within a major version. */
export { failure, Failure, type Diagnostic } from '../core/diagnostic.ts';
export type { Json, JsonObject } from '../core/json.ts';
export type { Seed } from '../core/seed.ts';
export type {
  AnalysisContext,
  ChosenImages,
  Finding,
  ImageShape,
  InputPort,
  OutputDescription,
  OutputKind,
  Pairing,
  Split,
} from '../core/stage-type.ts';
export { Philox, permutation } from '../core/philox.ts';
export { readImages, readImageSet, toFloat32, writeImageSet } from '../formats/images.ts';
export { joinImages, takeRows } from '../formats/image-rows.ts';
export type { ImageNames } from '../formats/image-names.ts';
export type { HeldImages as ImageArray, ImageSetRecord } from '../formats/images.ts';
export { readVectors, readVectorSet, writeVectorSet } from '../formats/vectors.ts';
export type { VectorArray, VectorSet, VectorSetRecord } from '../formats/vectors.ts';
export type {
  InputArtifact,
  PluginContext as StageContext,
  PluginDefinition as NodeDefinition,
  PluginEngine,
  StageResult,
} from './plugin-contract.ts';
