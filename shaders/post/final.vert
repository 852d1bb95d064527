#version 410 core
// One triangle that covers the target, and how much darker the picture must be so that it does not burn out: worked out three times, not
// for each pixel. What counts is how much of the halo is white; the picture of a few bright places stays as it is.
uniform sampler2D t_bloom;
uniform float u_exposure;
out vec2 v_uv;
flat out float v_ceiling;

const ivec2 SAMPLES = ivec2(24, 14);
const float WHITE = .6;    // light of the halo's weakest colour from which it counts
const float MUCH = .02;    // mean of what lies above that, which no picture of few layers has

void main()
{
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(v_uv * 2. - 1., 0., 1.);
    float glare = 0.;
    for (int y = 0; y < SAMPLES.y; y++) for (int x = 0; x < SAMPLES.x; x++) {
        vec3 light = textureLod(t_bloom, (vec2(x, y) + .5) / vec2(SAMPLES), 0.).rgb * u_exposure;
        glare += max(min(light.r, min(light.g, light.b)) - WHITE, 0.);
    }
    v_ceiling = 1. / (1. + 4. * max(glare / float(SAMPLES.x * SAMPLES.y) - MUCH, 0.));
}
