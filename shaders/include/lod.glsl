// How far a tensor of many cells has come from a sheet to spheres: by the size of a cell on screen, as a share of the picture's height.
uniform samplerBuffer t_cell;  // layer -> side of a cell in pitches, 1 where the layer is drawn as sheets from afar
uniform float u_pitch;         // world units

const float SPHERES_FROM = .027;
const float SPHERES_TO = .044;

float sphere_share(float cell, float depth)
{
    return smoothstep(SPHERES_FROM, SPHERES_TO, cell * u_clip_from_view[1][1] * .5 / max(depth, 1e-3));
}
