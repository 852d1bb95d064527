#version 410 core
// A soft profile across (close to a gaussian, without its price), fine dashes along where the sign is negative.
#ifdef ENDS
in vec3 v_color;
#else
flat in vec3 v_color;
#endif
in float v_across;
in float v_dash;
out vec4 o_color;

void main()
{
    float profile = 1. - v_across * v_across;
    float light = profile * profile;
    if (v_dash >= 0.) light *= smoothstep(.0, .16, abs(fract(v_dash) - .5) - .14) * 1.35;
    o_color = vec4(v_color * light, 0.);
}
